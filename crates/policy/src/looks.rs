//! What the rules can tell apart: found by one walk over the policies' JSON form (Cedar's EST) at load.
//!
//! The walk may name too much (a class of callers is then smaller than it need be) but never too little: an attribute
//! counts wherever its name is read, whatever it is read from, and a bare `context` counts as all of it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tidegate_model::CallerKind;

/// Distinct numbers that `mfaAge` may be compared with before answers are no longer kept.
const THRESHOLDS_MAX: usize = 1_000;

/// What all rules together look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks {
    /// Users and workloads named by id.
    pub callers: BTreeSet<(CallerKind, String)>,
    /// Groups named by id.
    pub groups: BTreeSet<String>,
    /// `principal.issuer`
    pub issuer: bool,
    /// `principal.sub`
    pub sub: bool,
    /// `principal.client`
    pub client: bool,
    /// `context.address`
    pub address: bool,
    /// `context.clientId`
    pub client_id: bool,
    /// `context.tls`
    pub tls: bool,
    /// `context.partition`
    pub partition: bool,
    /// `context.hour`
    pub hour: bool,
    /// `context.mfaAge`
    pub mfa: Mfa,
}

/// How the rules look at `context.mfaAge`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mfa {
    /// It is read, or its presence is.
    pub read: bool,
    /// It is used other than in a comparison with a number, so no two ages are known to be alike.
    pub opaque: bool,
    /// The numbers that it is compared with.
    pub thresholds: BTreeSet<i64>,
}

impl Looks {
    /// Adds what one policy, in Cedar's JSON form, looks at.
    pub(crate) fn add(&mut self, policy: &Value) {
        match policy {
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(map) => self.add_object(map),
            _ => {}
        }
        if self.mfa.thresholds.len() > THRESHOLDS_MAX {
            self.mfa.opaque = true;
        }
    }

    fn add_object(&mut self, map: &Map<String, Value>) {
        if let (Some(Value::String(kind)), Some(Value::String(id))) = (map.get("type"), map.get("id")) {
            self.add_entity(kind, id);
        }
        if map.get("Var").and_then(Value::as_str) == Some("context") {
            self.add_all_of_context();
        }
        for (key, value) in map {
            match key.as_str() {
                "." | "has" => self.add_attribute(key, value),
                "<" | "<=" | ">" | ">=" | "==" | "!=" => self.add_comparison(value),
                _ => self.add(value),
            }
        }
    }

    fn add_entity(&mut self, kind: &str, id: &str) {
        match kind {
            "User" => _ = self.callers.insert((CallerKind::User, id.to_owned())),
            "Workload" => _ = self.callers.insert((CallerKind::Workload, id.to_owned())),
            "Group" => _ = self.groups.insert(id.to_owned()),
            _ => {}
        }
    }

    fn add_attribute(&mut self, operator: &str, value: &Value) {
        match value.get("attr").and_then(Value::as_str) {
            Some("issuer") => self.issuer = true,
            Some("sub") => self.sub = true,
            Some("client") => self.client = true,
            Some("address") => self.address = true,
            Some("clientId") => self.client_id = true,
            Some("tls") => self.tls = true,
            Some("partition") => self.partition = true,
            Some("hour") => self.hour = true,
            Some("mfaAge") => {
                self.mfa.read = true;
                self.mfa.opaque |= operator == ".";
            }
            Some(_) => {}
            // a form of this operator that this code does not know
            None => self.add_all_of_context(),
        }
        match value.get("left") {
            Some(left) if !is_var(left, "context") => self.add(left),
            Some(_) => {}
            None => self.add(value),
        }
    }

    fn add_comparison(&mut self, value: &Value) {
        let sides = (value.get("left"), value.get("right"));
        let number = match sides {
            (Some(left), Some(right)) if is_mfa_age(left) => literal(right),
            (Some(left), Some(right)) if is_mfa_age(right) => literal(left),
            _ => None,
        };
        match number {
            Some(number) => {
                self.mfa.read = true;
                self.mfa.thresholds.insert(number);
            }
            None => self.add(value),
        }
    }

    fn add_all_of_context(&mut self) {
        self.address = true;
        self.client_id = true;
        self.tls = true;
        self.partition = true;
        self.hour = true;
        self.mfa.read = true;
        self.mfa.opaque = true;
    }
}

impl Mfa {
    /// A number that is equal for ages that no rule can tell apart; `None` when such ages are not known, so that the
    /// answer must not be kept.
    pub(crate) fn bucket(&self, age: Option<i64>) -> Option<u32> {
        if !self.read {
            return Some(0);
        }
        if self.opaque {
            return None;
        }
        let Some(age) = age else { return Some(0) };
        let below = u32::try_from(self.thresholds.range(..age).count()).ok()?;
        let exact = u32::from(self.thresholds.contains(&age));
        Some(1 + 2 * below + exact)
    }
}

/// Whether the expression, in JSON form, is the variable of this name.
pub(crate) fn is_var(expression: &Value, name: &str) -> bool {
    expression.get("Var").and_then(Value::as_str) == Some(name)
}

fn is_mfa_age(expression: &Value) -> bool {
    expression.get(".").is_some_and(|access| {
        access.get("attr").and_then(Value::as_str) == Some("mfaAge")
            && access.get("left").is_some_and(|left| is_var(left, "context"))
    })
}

fn literal(expression: &Value) -> Option<i64> {
    expression.get("Value").and_then(Value::as_i64)
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn looks(text: &str) -> Looks {
        let mut looks = Looks::default();
        looks.add(&Policy::parse(None, text).unwrap().to_json().unwrap());
        looks
    }

    #[test]
    fn finds_named_entities_in_scopes_and_conditions() {
        let found = looks(
            r#"forbid (principal is User in Group::"a:x", action, resource)
               when { principal in Group::"a:y" && [User::"a:1"].contains(principal) }
               unless { principal == Workload::"b:2" };"#,
        );
        assert_eq!(found.groups, BTreeSet::from(["a:x".to_owned(), "a:y".to_owned()]));
        assert_eq!(
            found.callers,
            BTreeSet::from([(CallerKind::User, "a:1".to_owned()), (CallerKind::Workload, "b:2".to_owned())])
        );
        assert!(!found.client && !found.address && !found.mfa.read && !found.partition);
    }

    #[test]
    fn finds_attributes_however_they_are_read() {
        let found =
            looks(r#"permit (principal, action, resource) when { context.address.isInRange(ip("10.0.0.0/8")) };"#);
        assert!(found.address && !found.tls);
        let found = looks("permit (principal, action, resource) when { {a: context}.a.tls };");
        assert!(found.tls && found.client_id && found.hour, "a bare context is all of it");
        let found = looks("permit (principal, action, resource) when { principal has client };");
        assert!(found.client);
        let found = looks(r#"permit (principal, action, resource) when { principal["sub"] like "x*" };"#);
        assert!(found.sub && !found.issuer);
    }

    #[test]
    fn ages_are_alike_between_the_numbers_they_are_compared_with() {
        let found = looks(
            "permit (principal, action, resource) when { context has mfaAge && context.mfaAge <= 100 && 50 < context.mfaAge };",
        );
        assert!(found.mfa.read && !found.mfa.opaque);
        let bucket = |age| found.mfa.bucket(Some(age)).unwrap();
        assert_eq!(bucket(51), bucket(99));
        assert_ne!(bucket(50), bucket(51));
        assert_ne!(bucket(100), bucket(101));
        assert_ne!(bucket(99), bucket(100));
        assert_ne!(found.mfa.bucket(None), Some(bucket(0)));
        let found = looks("permit (principal, action, resource) when { context.mfaAge + 1 <= 100 };");
        assert_eq!(found.mfa.bucket(Some(1)), None);
    }
}
