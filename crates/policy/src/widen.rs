//! Rewrites policies for callers whose groups are not known (`groups_known == false`).
//!
//! Such a caller satisfies no permit that needs a group and counts as a member for every forbid. Asking Cedar with no
//! groups and once more with all groups would not do: `principal in A && !(principal in B)` is false both times, yet
//! true for a member of A alone. So each test of membership is replaced by the answer that is worse for the caller:
//! inside a permit the one that makes it apply less, inside a forbid the one that makes it apply more.

use serde_json::{Map, Value, json};

use crate::looks::is_var;

/// The policy (Cedar's JSON form) as it holds for a caller of unknown groups; `None` when it cannot apply.
pub(crate) fn for_unknown_groups(mut policy: Value) -> Option<Value> {
    let forbid = policy.get("effect").and_then(Value::as_str) == Some("forbid");
    let map = policy.as_object_mut()?;
    if let Some(scope) = map.get_mut("principal").filter(|scope| scope_needs_group(scope)) {
        if !forbid {
            return None;
        }
        *scope = match scope.get("entity_type") {
            Some(kind) => json!({"op": "is", "entity_type": kind}),
            None => json!({"op": "All"}),
        };
    }
    for condition in map.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten() {
        let when = condition.get("kind").and_then(Value::as_str) == Some("when");
        if let Some(body) = condition.get_mut("body") {
            let old = std::mem::take(body);
            // toward: what the whole clause should rather be. A `when` of a forbid rather true, its `unless` rather false.
            *body = rather(old, when == forbid);
        }
    }
    Some(policy)
}

fn scope_needs_group(scope: &Value) -> bool {
    match scope.get("op").and_then(Value::as_str) {
        Some("in") => true,
        Some("is") => scope.get("in").is_some(),
        _ => false,
    }
}

fn rather(expression: Value, toward: bool) -> Value {
    if !tests_membership(&expression) {
        return expression;
    }
    let Value::Object(map) = expression else { return constant(toward) };
    let mut entries = map.into_iter();
    match (entries.next(), entries.next()) {
        (Some((operator, Value::Object(sides))), None) => match operator.as_str() {
            "&&" | "||" => {
                let sides: Map<String, Value> =
                    sides.into_iter().map(|(side, inner)| (side, rather(inner, toward))).collect();
                json!({ operator: sides })
            }
            "!" => {
                let sides: Map<String, Value> =
                    sides.into_iter().map(|(side, inner)| (side, rather(inner, !toward))).collect();
                json!({ operator: sides })
            }
            _ => constant(toward),
        },
        _ => constant(toward),
    }
}

fn constant(value: bool) -> Value {
    json!({ "Value": value })
}

/// Whether an `in` (or `is … in`) with the principal on its left stands anywhere in the expression.
fn tests_membership(expression: &Value) -> bool {
    match expression {
        Value::Array(items) => items.iter().any(tests_membership),
        Value::Object(map) => map.iter().any(|(key, value)| {
            let membership = key == "in" || (key == "is" && value.get("in").is_some());
            (membership && value.get("left").is_none_or(speaks_of_a_caller)) || tests_membership(value)
        }),
        _ => false,
    }
}

fn speaks_of_a_caller(expression: &Value) -> bool {
    if is_var(expression, "principal") {
        return true;
    }
    match expression {
        Value::Array(items) => items.iter().any(speaks_of_a_caller),
        Value::Object(map) => {
            matches!(map.get("type").and_then(Value::as_str), Some("User" | "Workload"))
                || map.values().any(speaks_of_a_caller)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn widened(text: &str) -> Option<String> {
        let json = Policy::parse(None, text).unwrap().to_json().unwrap();
        let policy = for_unknown_groups(json)?;
        Some(
            Policy::from_json(None, policy)
                .unwrap()
                .to_cedar()
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    fn same(text: &str) -> String {
        Policy::from_json(None, Policy::parse(None, text).unwrap().to_json().unwrap())
            .unwrap()
            .to_cedar()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_permit_that_needs_a_group_goes() {
        assert_eq!(widened(r#"permit (principal in Group::"a:x", action, resource);"#), None);
        assert_eq!(widened(r#"permit (principal is User in Group::"a:x", action, resource);"#), None);
        assert_eq!(
            widened(r#"permit (principal, action, resource) when { context.tls || principal in Group::"a:x" };"#)
                .unwrap(),
            same("permit (principal, action, resource) when { context.tls || false };")
        );
        assert_eq!(
            widened(r#"permit (principal, action, resource) unless { principal in Group::"a:x" };"#).unwrap(),
            same("permit (principal, action, resource) unless { true };")
        );
    }

    #[test]
    fn a_forbid_counts_the_caller_as_member_and_as_non_member() {
        assert_eq!(
            widened(r#"forbid (principal is User in Group::"a:x", action, resource);"#).unwrap(),
            same("forbid (principal is User, action, resource);")
        );
        assert_eq!(
            widened(
                r#"forbid (principal, action, resource)
                   when { principal in Group::"a:x" && !(principal in Group::"a:y") && context.tls };"#
            )
            .unwrap(),
            same("forbid (principal, action, resource) when { true && !false && context.tls };")
        );
        assert_eq!(
            widened(r#"forbid (principal, action, resource) unless { principal is User in Group::"a:x" };"#).unwrap(),
            same("forbid (principal, action, resource) unless { false };")
        );
        assert_eq!(
            widened(
                r#"forbid (principal, action, resource) when { (if principal in Group::"a:x" then 1 else 2) == 3 };"#
            )
            .unwrap(),
            same("forbid (principal, action, resource) when { true };")
        );
    }

    #[test]
    fn what_does_not_test_membership_stays() {
        let text = r#"forbid (principal, action, resource in Domain::"d") when { resource in Tag::"pci" };"#;
        assert_eq!(widened(text).unwrap(), same(text));
    }
}
