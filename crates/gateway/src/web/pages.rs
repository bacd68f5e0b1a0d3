//! The few pages that a person sees here.

use std::net::IpAddr;

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use crate::control::Refused;

const STYLE: &str = "body{font:17px/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 1.5rem;color:#1b2a33;background:#fbfcfc}\
h1{font-size:1.4rem;font-weight:600}code{font:1.05rem ui-monospace,monospace;background:#eaf0f2;padding:.6rem .8rem;border-radius:.4rem;\
display:block;overflow-wrap:anywhere;user-select:all}small{color:#566a75}\
@media(prefers-color-scheme:dark){body{color:#dfe8ec;background:#12191d}code{background:#1f2b31}small{color:#93a7b1}}";
/// A page of a heading and paragraphs, all of them text.
pub(super) fn page(status: StatusCode, heading: &str, paragraphs: &[&str]) -> Response {
    let body: String = paragraphs.iter().map(|text| format!("<p>{}</p>", escaped(text))).collect();
    whole(status, heading, &body)
}

pub(super) fn front(url: &str) -> Response {
    let body = format!(
        "<p>This is a Tidegate gateway. To log in, run this in a terminal:</p><code>tidegate login --gate {}</code>",
        escaped(url)
    );
    whole(StatusCode::OK, "Tidegate", &body)
}

/// For a login that is not there: never begun, over, used, or of another browser. It does not say which.
pub(super) fn over() -> Response {
    let why = "It was finished already, is more than ten minutes old, or was opened in another browser.";
    page(StatusCode::BAD_REQUEST, "This login cannot go on", &[why, "Begin again in the terminal: tidegate login"])
}

pub(super) fn broken(refused: &Refused) -> Response {
    let (status, why) = refused.told();
    page(status, "The gate cannot do this now", &[&why])
}

/// The code that the person takes to the terminal.
pub(super) fn code(code: &str, machine: &str, address: IpAddr) -> Response {
    let body = format!(
        "<p>Paste this code into the terminal in which you ran <b>tidegate login</b> on <b>{}</b>:</p><code>{}</code>\
         <p><small>The login was begun from {address}. If that was not you, close this page and give the code to nobody: \
         whoever began the login would act in your name.</small></p>",
        escaped(machine),
        escaped(code)
    );
    whole(StatusCode::OK, "One more step", &body)
}

fn whole(status: StatusCode, heading: &str, body: &str) -> Response {
    let heading = escaped(heading);
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{heading}</title><style>{STYLE}</style><h1>{heading}</h1>{body}</html>"
    );
    (status, Html(text)).into_response()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others_are_text() {
        assert_eq!(escaped("<script>\"&'"), "&lt;script&gt;&quot;&amp;&#39;");
    }
}
