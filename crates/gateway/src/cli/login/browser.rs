//! Opens the person's browser, where there is one.

use std::ffi::OsString;
use std::process::Stdio;

use tokio::process::Command;

/// Opens an address. That it did not work is seen by the person, who has the address.
pub(super) fn open(url: &str) {
    for (program, arguments) in candidates(url) {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(mut child) = command.spawn() {
            // It is waited for so that nothing stays behind of it while the login goes on.
            tokio::spawn(async move { child.wait().await });
            return;
        }
    }
}

/// `$BROWSER` as others read it (programs between colons, `%s` for the address), else the desktop's own way.
fn candidates(url: &str) -> Vec<(OsString, Vec<String>)> {
    let mut all = Vec::new();
    if let Some(named) = std::env::var_os("BROWSER").and_then(|named| named.into_string().ok()) {
        all.extend(named.split(':').filter_map(|command| words(command, url)));
    }
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if cfg!(target_os = "macos") {
        all.push(("open".into(), vec![url.to_owned()]));
    } else if desktop {
        // Without a desktop this could be a browser of text in this very terminal.
        all.push(("xdg-open".into(), vec![url.to_owned()]));
    }
    all
}

fn words(command: &str, url: &str) -> Option<(OsString, Vec<String>)> {
    let mut words = command.split_whitespace();
    let program = words.next()?;
    let mut arguments: Vec<String> = words.map(|word| word.replace("%s", url)).collect();
    if !command.contains("%s") {
        arguments.push(url.to_owned());
    }
    Some((program.into(), arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_argument_of_the_named_program() {
        let url = "https://gate/login/x?a=b&c=$(d)";
        assert_eq!(words("firefox", url), Some(("firefox".into(), vec![url.into()])));
        assert_eq!(words("w3m -o x %s", url), Some(("w3m".into(), vec!["-o".into(), "x".into(), url.into()])));
        assert_eq!(words(" ", url), None);
    }
}
