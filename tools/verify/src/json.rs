//! The report as JSON. Numbers of 64 bits are strings, as in the product's other interfaces.

use tidegate_evidence::verify::{Finding, LogReport, Report};

/// A JSON string.
fn text(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn number(value: u64) -> String {
    format!("\"{value}\"")
}

fn list<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(one).collect();
    format!("[{}]", items.join(","))
}

fn finding(finding: &Finding) -> String {
    let entry = finding.entry.map_or("null".into(), number);
    let (segment, byte) =
        finding.at.map_or(("null".into(), "null".into()), |at| (at.segment.to_string(), number(at.byte)));
    format!(
        "{{\"verdict\":{},\"incarnation\":{},\"entry\":{entry},\"segment\":{segment},\"byte\":{byte},\"what\":{}}}",
        text(finding.verdict.name()),
        number(finding.incarnation),
        text(&finding.what)
    )
}

fn log(log: &LogReport) -> String {
    let root: String = log.root.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{{\"incarnation\":{},\"entries\":{},\"root\":\"{root}\",\"segments\":{},\"closed\":{},\"whole\":{}}}",
        number(log.incarnation),
        number(log.entries),
        log.segments,
        log.closed,
        log.whole
    )
}

/// The whole report, one line.
pub(crate) fn report(report: &Report) -> String {
    let unknown = list(&report.unknown, |(incarnation, index)| {
        format!("{{\"incarnation\":{},\"entry\":{}}}", number(*incarnation), number(*index))
    });
    format!(
        "{{\"verdict\":{},\"line\":{},\"findings\":{},\"more_findings\":{},\"notes\":{},\"logs\":{},\"unknown\":{unknown},\"key\":{}}}\n",
        text(report.verdict.name()),
        text(&report.line()),
        list(&report.findings, finding),
        number(report.more_findings),
        list(&report.notes, |note| text(note)),
        list(&report.logs, log),
        report.key.as_deref().map_or("null".into(), text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(text("a\"\\\n\u{1}"), r#""a\"\\\n\u0001""#);
    }
}
