//! Policies of many rules, for measuring.

use std::fmt::Write as _;

/// Groups of callers that the rules speak of: `demo:g0` and so on.
pub(super) const GROUPS: usize = 20;
/// Domains of topics, each of topics whose names begin alike: `t0-` and so on.
pub(super) const DOMAINS: usize = 100;
/// Lets a group do everything, as the policy of a small set-up does.
pub(super) const EVERYTHING: &str = r#"@id("bench")
permit (principal in Group::"demo:bench", action, resource);
"#;

/// So many rules. Of ten, six let a group read and write a domain, two look at names of topics, one at the hour, and one forbids.
pub(super) fn rules(count: usize) -> String {
    let mut text = String::new();
    for rule in 0..count {
        let (group, domain) = (rule % GROUPS, rule % DOMAINS);
        let line = match rule % 10 {
            0..6 => format!(
                "permit (principal in Group::\"demo:g{group}\", action in [Action::\"read\", Action::\"write\"], resource in Domain::\"d{domain}\");"
            ),
            6 | 7 => format!(
                "permit (principal is User in Group::\"demo:g{group}\", action == Action::\"consume\", resource) when {{ resource.name like \"t{domain}-*\" }};"
            ),
            8 => format!(
                "permit (principal in Group::\"demo:g{group}\", action in Action::\"admin\", resource in Domain::\"d{domain}\") when {{ context.hour >= 8 }};"
            ),
            _ => format!(
                "forbid (principal in Group::\"demo:g{group}\", action, resource in Tag::\"pii\") unless {{ context.tls }};"
            ),
        };
        let _never_fails = writeln!(text, "@id(\"r{rule}\") {line}");
    }
    text
}

/// The `topics.yaml` that goes with the rules.
pub(super) fn topics() -> String {
    let row = |domain| {
        format!(
            "- {{pattern: 't{domain}-*', domain: d{domain}, owner: 'demo:g0', env: prod, tier: tier2, tags: [pii]}}\n"
        )
    };
    (0..DOMAINS).map(row).collect()
}
