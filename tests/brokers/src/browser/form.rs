//! Forms of HTML pages: enough of HTML to find them and to fill them in, and no more.

/// A form of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it goes, relative to the page.
    pub action: String,
    /// Whether it is a POST.
    pub post: bool,
    /// Its inputs and buttons, in order.
    pub inputs: Vec<Input>,
}

/// An input or a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name; empty means that it is not sent.
    pub name: String,
    /// What it holds.
    pub value: String,
    /// Its `type`, in lower case; a button's is `submit` unless it says otherwise.
    pub kind: String,
    checked: bool,
}

impl Form {
    /// Whether it has a field for a password.
    #[must_use]
    pub fn asks_for_password(&self) -> bool {
        self.inputs.iter().any(|input| input.kind == "password")
    }

    /// What is sent: fields as they stand, name and password filled in, and the first button that does not cancel.
    #[must_use]
    pub fn filled(&self, name: &str, password: &str) -> Vec<(String, String)> {
        let mut pressed = false;
        let mut fields = Vec::new();
        for input in self.inputs.iter().filter(|input| !input.name.is_empty()) {
            let value = match input.kind.as_str() {
                "password" => password,
                "text" | "email" if ["username", "login"].contains(&input.name.as_str()) => name,
                "checkbox" | "radio" if !input.checked => continue,
                "button" | "reset" | "image" | "file" => continue,
                "submit" if pressed || ["cancel", "abort", "deny"].contains(&input.name.as_str()) => continue,
                "submit" => {
                    pressed = true;
                    &input.value
                }
                _ => &input.value,
            };
            fields.push((input.name.clone(), value.to_owned()));
        }
        fields
    }
}

/// The forms of a page. A button outside of all forms belongs to the one that it names by `form`.
pub(super) fn forms(html: &str) -> Vec<Form> {
    let mut found: Vec<(String, Form)> = Vec::new();
    let mut open = false;
    for tag in tags(html) {
        match tag.name.as_str() {
            "form" => {
                let form = Form {
                    action: tag.get("action").to_owned(),
                    post: tag.get("method").eq_ignore_ascii_case("post"),
                    inputs: Vec::new(),
                };
                found.push((tag.get("id").to_owned(), form));
                open = true;
            }
            "/form" => open = false,
            "input" | "button" => {
                let named = tag.get("form");
                let form = match named.is_empty() {
                    true => found.last_mut().filter(|_| open),
                    false => found.iter_mut().find(|(id, _)| id == named),
                };
                if let Some((_, form)) = form {
                    form.inputs.push(tag.input());
                }
            }
            _ => (),
        }
    }
    found.into_iter().map(|(_, form)| form).collect()
}

/// A page without its tags, scripts and styles, in one line.
pub(super) fn text(html: &str) -> String {
    let mut words = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        words.push(' ');
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        let tag = tag.to_ascii_lowercase();
        let raw = ["script", "style"].iter().find(|name| tag.starts_with(*name));
        rest = raw.map_or(after, |name| from_end_tag(after, name));
    }
    words.push_str(rest);
    unescape(&words).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `application/x-www-form-urlencoded`
pub(super) fn encode<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let part = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        text.bytes().map(one).collect()
    };
    fields.map(|(name, value)| format!("{}={}", part(name), part(value))).collect::<Vec<_>>().join("&")
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> &str {
        self.attributes.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    fn input(&self) -> Input {
        let default = if self.name == "button" { "submit" } else { "text" };
        let kind = self.get("type").to_ascii_lowercase();
        Input {
            name: self.get("name").to_owned(),
            value: self.get("value").to_owned(),
            kind: if kind.is_empty() { default.to_owned() } else { kind },
            checked: self.attributes.iter().any(|(name, _)| name == "checked"),
        }
    }
}

/// The tags of a page, ends too; comments and the insides of scripts are left out.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        let (attributes, after) = attributes(after);
        rest = after;
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        if name == "script" {
            rest = from_end_tag(rest, "script");
        }
        // An end tag keeps its slash.
        if !name.is_empty() {
            tags.push(Tag { name, attributes });
        }
    }
    tags
}

/// What comes from the end tag on, of an element whose inside is no HTML. Letters of ASCII keep their places in lower case.
fn from_end_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let end = text.to_ascii_lowercase().find(&format!("</{name}"));
    end.map_or("", |at| text.split_at(at).1)
}

/// Attributes up to the tag's end, and what comes after it.
fn attributes(text: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    while !rest.is_empty() && !rest.starts_with('>') {
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let mut value = "";
        rest = after.trim_start();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| ['"', '\''].contains(c));
            (value, rest) = match quote {
                Some(quote) => after.split_at(1).1.split_once(quote).unwrap_or((after, "")),
                None => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
            };
        } else if name.is_empty() {
            // A stray quotation mark or slash: go on behind it.
            let mut chars = rest.chars();
            chars.next();
            rest = chars.as_str();
        }
        if !name.is_empty() {
            found.push((name.to_ascii_lowercase(), unescape(value)));
        }
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    }
    (found, rest.strip_prefix('>').unwrap_or(rest))
}

/// The characters that pages escape.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after.split_once(';').and_then(|(name, after)| Some((character(name)?, after)));
        match known {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    let code = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
            Some(digits) => code(digits, 16),
            None => code(name.strip_prefix('#')?, 10),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_form_is_filled_in_and_the_cancel_button_left_alone() {
        let page = "<!-- <form action=no> --><SCRIPT>'<form action=never>'</Script>\n\
            <FORM id=f action='/a?x=1&amp;y=2' Method=\"post\" novalidate>\n\
            <input type=\"hidden\" name=\"csrf\" value=\"&quot;&#x2b;&#39;\"/>\n\
            <input name=username type=text value=''><input name=\"password\" type='password'>\n\
            <input type=checkbox name=remember value=on><input type=checkbox name=known value=yes checked>\n\
            <button type=submit name=cancel value=c>No</button><button name=login value=in>In</button>\n\
            <button name=other>Other</button></form><input name=outside>";
        let found = forms(page);
        assert_eq!(found.len(), 1);
        let form = &found[0];
        assert_eq!((form.action.as_str(), form.post), ("/a?x=1&y=2", true));
        assert!(form.asks_for_password());
        let sent = form.filled("alice", "pa ss");
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let wanted =
            [("csrf", "\"+'"), ("username", "alice"), ("password", "pa ss"), ("known", "yes"), ("login", "in")];
        assert_eq!(sent, wanted);
        assert_eq!(encode(wanted[..3].iter().copied()), "csrf=%22%2B%27&username=alice&password=pa%20ss");
    }

    #[test]
    fn a_button_outside_belongs_to_the_form_that_it_names() {
        let page = "<form id=\"op.f\" method=post action=x><input type=hidden name=a value=1></form>\
            <button form=\"op.f\" name=abort value=yes>No</button><button form=\"op.f\" name=go value=2>Yes</button>";
        assert_eq!(forms(page)[0].filled("", ""), [("a".into(), "1".into()), ("go".into(), "2".into())]);
    }

    #[test]
    fn broken_pages_end() {
        for page in [
            "<",
            "<form",
            "<form action=\"x",
            "<input =\"\" / ' >",
            "<a =",
            "<!--",
            "<script>",
            "&#xffffffff; &",
            "< ' >é<\u{e9}",
        ] {
            forms(page);
            text(page);
        }
        assert_eq!(text("<p>Wrong &amp; <b>no</b><script>x<y</script> end"), "Wrong & no end");
    }
}
