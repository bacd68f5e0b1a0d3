//! The questions that two policies are compared by: everybody that they name, with everything that they name.

use tidegate_model::{Action, CallerKind, ResourceKind};

use crate::asked::{Around, Who, field_name};
use crate::decide::Policy;
use crate::named::Named;
use crate::replay::Moments;

/// Questions of one comparison.
const QUESTIONS_MAX: usize = 100_000;
/// Circumstances that are combined with each other; with more, each is changed alone.
const COMBINED_MAX: usize = 64;
/// Groups that are also tried in pairs.
const PAIRED_MAX: usize = 12;

/// Circumstances and partition.
type Setting = (Around, Option<i32>);

/// Everybody, everything, and in which circumstances.
pub(super) struct Questions {
    pub subjects: Vec<Who>,
    /// Each action with the name of a resource.
    pub targets: Vec<(Action, String)>,
    pub circumstances: Vec<Setting>,
    pub left_out: Vec<String>,
}

impl Questions {
    pub(super) fn of(old: &Policy, new: &Policy) -> Questions {
        let mut named = Named::of(old);
        named.merge(Named::of(new));
        let mut left_out = Vec::new();
        let moments = Moments::of(&[old, new]);
        if !moments.exact {
            left_out.push("some hours and ages of the strong authentication".to_owned());
        }
        let mut circumstances = circumstances(&[old, new], &named, &moments, &mut left_out);
        let mut subjects = subjects(&named, &mut left_out);
        let mut targets = targets(&named);
        let count = |a: usize, b: usize, c: usize| a.saturating_mul(b).saturating_mul(c);
        if count(subjects.len(), targets.len(), circumstances.len()) > QUESTIONS_MAX && circumstances.len() > 2 {
            left_out.push(format!("{} of {} circumstances", circumstances.len() - 2, circumstances.len()));
            circumstances.drain(1..circumstances.len() - 1);
        }
        if count(subjects.len(), targets.len(), circumstances.len()) > QUESTIONS_MAX {
            let all = subjects.len();
            subjects.retain(|who| who.groups.as_ref().is_none_or(|groups| groups.len() < 2));
            if all > subjects.len() {
                left_out.push("callers of two groups".to_owned());
            }
        }
        let room = QUESTIONS_MAX / (subjects.len().max(1) * circumstances.len().max(1));
        if targets.len() > room {
            left_out.push(format!("{} of {} actions on named resources", targets.len() - room, targets.len()));
            targets.truncate(room);
        }
        if subjects.len() * circumstances.len() > QUESTIONS_MAX {
            left_out.push("some callers".to_owned());
            subjects.truncate(QUESTIONS_MAX / circumstances.len().max(1));
        }
        Questions { subjects, targets, circumstances, left_out }
    }
}

fn subjects(named: &Named, left_out: &mut Vec<String>) -> Vec<Who> {
    let somebody = |kind: CallerKind, groups: Option<Vec<String>>| {
        let subject = if kind == CallerKind::User { "user" } else { "workload" };
        Who { kind, issuer: "any".to_owned(), subject: subject.to_owned(), groups, client: None }
    };
    let mut subjects = Vec::new();
    for kind in [CallerKind::User, CallerKind::Workload] {
        subjects.push(somebody(kind, Some(Vec::new())));
        subjects.push(somebody(kind, None));
        subjects.extend(named.groups.iter().map(|group| somebody(kind, Some(vec![group.clone()]))));
        if named.groups.len() <= PAIRED_MAX {
            let pairs =
                named.groups.iter().flat_map(|a| named.groups.iter().map(move |b| (a, b))).filter(|(a, b)| a < b);
            subjects.extend(pairs.map(|(a, b)| somebody(kind, Some(vec![a.clone(), b.clone()]))));
        }
    }
    if named.groups.len() > PAIRED_MAX {
        left_out.push("callers of two groups".to_owned());
    }
    subjects.extend(named.callers.iter().filter_map(|(kind, id)| Who::parse(*kind, id, Some(Vec::new())).ok()));
    subjects
}

/// A name that nothing names.
const ANY_OTHER: &str = "any-other";

fn targets(named: &Named) -> Vec<(Action, String)> {
    let mut targets = Vec::new();
    for action in Action::ALL {
        match action.applies_to() {
            ResourceKind::Cluster | ResourceKind::Gateway => targets.push((*action, String::new())),
            ResourceKind::Topic | ResourceKind::ConsumerGroup | ResourceKind::TransactionalId => {
                // one that nothing names
                targets.push((*action, ANY_OTHER.to_owned()));
            }
            ResourceKind::Field => {
                let classes = named.classes.iter().map(String::as_str).chain([ANY_OTHER]);
                targets.extend(classes.map(|class| (*action, field_name(class, ANY_OTHER))));
            }
        }
    }
    // by name, so that a cut leaves some names out rather than some actions
    for name in &named.names {
        let of_name = Action::ALL.iter().filter(|action| {
            !matches!(action.applies_to(), ResourceKind::Cluster | ResourceKind::Gateway | ResourceKind::Field)
        });
        targets.extend(of_name.map(|action| (*action, name.clone())));
        targets.extend(named.classes.iter().map(|class| (Action::Unmask, field_name(class, name))));
    }
    targets
}

fn circumstances(policies: &[&Policy], named: &Named, moments: &Moments, left_out: &mut Vec<String>) -> Vec<Setting> {
    let looks_at = |what: fn(&crate::looks::Looks) -> bool| policies.iter().any(|policy| what(policy.looks()));
    let usual = Around::usual();
    let mut addresses = vec![usual.address];
    addresses.extend(&named.addresses);
    let tls = if looks_at(|looks| looks.tls) { vec![true, false] } else { vec![true] };
    let mut client_ids = vec![String::new()];
    client_ids.extend(named.client_ids.iter().cloned());
    let mut partitions = vec![None];
    if looks_at(|looks| looks.partition) {
        partitions.extend(named.partitions.iter().copied().map(Some));
    }
    let mut all = vec![(usual, None)];
    let combined = moments.all.len() * addresses.len() * tls.len() * client_ids.len() * partitions.len();
    let alone = combined > COMBINED_MAX;
    if alone {
        left_out.push("combinations of circumstances (each was changed alone)".to_owned());
    }
    let mut vary = |change: &dyn Fn(&mut Setting, usize), count: usize| {
        let known = if alone { all.iter().take(1).cloned().collect::<Vec<_>>() } else { std::mem::take(&mut all) };
        for one in &known {
            for place in 0..count {
                let mut changed = one.clone();
                change(&mut changed, place);
                if !all.contains(&changed) {
                    all.push(changed);
                }
            }
        }
    };
    vary(
        &|one, place| {
            if let Some((hour, age)) = moments.all.get(place) {
                (one.0.hour, one.0.mfa_age) = (*hour, *age);
            }
        },
        moments.all.len(),
    );
    vary(&|one, place| addresses.get(place).iter().for_each(|address| one.0.address = **address), addresses.len());
    vary(&|one, place| tls.get(place).iter().for_each(|tls| one.0.tls = **tls), tls.len());
    vary(&|one, place| client_ids.get(place).iter().for_each(|id| one.0.client_id.clone_from(id)), client_ids.len());
    vary(&|one, place| partitions.get(place).iter().for_each(|partition| one.1 = **partition), partitions.len());
    all
}
