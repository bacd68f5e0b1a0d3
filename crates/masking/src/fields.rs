//! Which fields are whose class: paths and names at any depth, compiled so that a rewriter takes one look-up a field name.

use std::borrow::Cow;

use foldhash::HashMap;

use crate::plan::{ClassId, Scope};

/// Names of a path, outermost first; lists are passed through by themselves.
pub const STEPS_MAX: usize = 32;
/// Places that all paths of a plan may make together; `*` beside names multiplies them.
const NODES_MAX: usize = 100_000;

/// Bytes of a name that is folded without allocation.
const SMALL: usize = 64;

/// A place in the tree of paths. Rewriters begin at [`Fields::root`] and go down by [`Fields::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node(u32);

/// What a field name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where its own fields are looked up; `None` where no path goes on.
    pub node: Option<Node>,
    /// The class of the field and of all below it.
    pub class: Option<ClassId>,
    /// The class that its name has at any depth, where a path gives it another.
    pub also: Option<ClassId>,
}

impl Step {
    /// The class that counts for who is shown things by this scope: that of the path, unless only the other is masked.
    #[must_use]
    #[inline]
    pub fn class_for(self, scope: &Scope<'_>) -> Option<ClassId> {
        let masked = |class: &ClassId| scope.transform(*class).is_some();
        match self.also {
            Some(also) if masked(&also) && !self.class.as_ref().is_some_and(masked) => Some(also),
            _ => self.class,
        }
    }
}

/// Fields by path and by name at any depth. Names are compared folded ([`fold`]).
#[derive(Clone, Debug, Default)]
pub struct Fields {
    nodes: Vec<Branch>,
    any_depth: HashMap<Box<str>, ClassId>,
    /// All names, so that most others are told apart by their first letter and length alone.
    likely: Likely,
}

/// Names roughly: a bit for each first letter and length, of which several share one.
#[derive(Clone, Copy, Debug, Default)]
struct Likely(u64);

impl Likely {
    fn bit(name: &str) -> u64 {
        // The lower bits of a letter are the same in upper and lower case.
        let first = name.bytes().next().map_or(0, |byte| usize::from(byte & 0x1f));
        1 << ((first * 5 + name.len()) % 64)
    }

    fn add(&mut self, folded: &str) {
        self.0 |= Likely::bit(folded);
    }

    /// Whether a name may be among them. Only ASCII names are told apart; folding changes others' lengths.
    #[inline]
    fn may_have(self, name: &str) -> bool {
        self.0 & Likely::bit(name) != 0 || !name.is_ascii()
    }
}

#[derive(Clone, Debug, Default)]
struct Branch {
    named: HashMap<Box<str>, Leaf>,
    /// `*`: any name that is not among the others.
    other: Option<Leaf>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Leaf {
    node: Option<u32>,
    class: Option<ClassId>,
}

/// A path as it is written: names joined by `.`, `*` for any name, a name with dots in double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Box<str>>);

impl Path {
    /// Reads a path such as `customer.email`, `items.*.sku` or `"a.b".c`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Path, String> {
        let mut steps: Vec<Box<str>> = Vec::new();
        let mut rest = text;
        loop {
            let (name, after) = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (name, after) = quoted.split_once('"').ok_or("a quote is not closed")?;
                    (name, after)
                }
                None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
            };
            if name.is_empty() || name.contains('\0') {
                return Err("a name in it is empty".to_owned());
            }
            steps.push(name.into());
            if steps.len() > STEPS_MAX {
                return Err(format!("it has more than {STEPS_MAX} names"));
            }
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => return Ok(Path(steps)),
                None => return Err("after a quoted name comes a dot or nothing".to_owned()),
            }
        }
    }
}

impl Fields {
    /// Gives the fields at this path the class; the first class that a field is given counts.
    ///
    /// # Errors
    /// The paths together are too many; what was added so far is of no use.
    pub fn add_path(&mut self, path: &Path, class: ClassId) -> Result<(), String> {
        if self.nodes.is_empty() {
            self.nodes.push(Branch::default());
        }
        self.insert(0, &path.0, class);
        if self.nodes.len() > NODES_MAX {
            return Err(format!("paths with * beside names make more than {NODES_MAX} places; name fewer"));
        }
        Ok(())
    }

    fn insert(&mut self, at: u32, steps: &[Box<str>], class: ClassId) {
        let Some((name, rest)) = steps.split_first() else { return };
        if **name == *"*" {
            // What holds for any name holds for the named ones too.
            let named: Vec<Box<str>> = self.branch(at).map(|b| b.named.keys().cloned().collect()).unwrap_or_default();
            for name in named {
                self.follow(at, Some(&name), rest, class);
            }
            self.follow(at, None, rest, class);
        } else {
            let folded = fold(name);
            self.likely.add(&folded);
            self.follow(at, Some(&folded), rest, class);
        }
    }

    fn follow(&mut self, at: u32, name: Option<&str>, rest: &[Box<str>], class: ClassId) {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let other = self.branch(at).and_then(|branch| branch.other);
        let Some(branch) = self.nodes.get_mut(at as usize) else { return };
        let known = name.is_none_or(|name| branch.named.contains_key(name));
        let leaf = match name {
            Some(name) => branch.named.entry(name.into()).or_default(),
            None => branch.other.get_or_insert_default(),
        };
        if !known && let Some(other) = other {
            leaf.class = other.class;
        }
        if rest.is_empty() {
            leaf.class.get_or_insert(class);
            if !known && let Some(from) = other.and_then(|other| other.node) {
                let copy = self.copy(from);
                self.set_node(at, name, copy);
            }
            return;
        }
        let node = match leaf.node {
            Some(node) => node,
            None => {
                let node = match other.and_then(|other| other.node).filter(|_| !known) {
                    Some(from) => self.copy(from),
                    None => {
                        self.nodes.push(Branch::default());
                        next
                    }
                };
                self.set_node(at, name, node);
                node
            }
        };
        self.insert(node, rest, class);
    }

    fn set_node(&mut self, at: u32, name: Option<&str>, node: u32) {
        let Some(branch) = self.nodes.get_mut(at as usize) else { return };
        let leaf = match name {
            Some(name) => branch.named.get_mut(name),
            None => branch.other.as_mut(),
        };
        if let Some(leaf) = leaf {
            leaf.node = Some(node);
        }
    }

    /// A branch like this one, with all below it.
    fn copy(&mut self, from: u32) -> u32 {
        if self.nodes.len() > NODES_MAX {
            return from;
        }
        let mut branch = self.branch(from).cloned().unwrap_or_default();
        for leaf in branch.named.values_mut().chain(branch.other.as_mut()) {
            leaf.node = leaf.node.map(|node| self.copy(node));
        }
        let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(branch);
        at
    }

    fn branch(&self, at: u32) -> Option<&Branch> {
        self.nodes.get(at as usize)
    }

    /// Gives fields of this name the class wherever they stand; the first class counts.
    pub fn add_name(&mut self, name: &str, class: ClassId) {
        let folded = fold(name);
        self.likely.add(&folded);
        self.any_depth.entry(folded.into()).or_insert(class);
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.any_depth.is_empty()
    }

    /// Whether any field below `at` can have a class.
    #[must_use]
    pub fn reaches(&self, at: Option<Node>) -> bool {
        at.is_some() || !self.any_depth.is_empty()
    }

    /// Where the outermost fields are looked up.
    #[must_use]
    pub fn root(&self) -> Option<Node> {
        (!self.nodes.is_empty()).then_some(Node(0))
    }

    /// The names, folded, that are looked for at `at` or at any depth: for formats where names are few but data, such as maps' keys.
    /// `*` beside them is not among them.
    pub(crate) fn names(&self, at: Option<Node>) -> impl Iterator<Item = &str> {
        let named = at.and_then(|Node(at)| self.branch(at)).map(|branch| branch.named.keys());
        named.into_iter().flatten().chain(self.any_depth.keys()).map(|name| &**name)
    }

    /// What the field called `name` is, seen from `at`. A path goes before a name at any depth.
    #[must_use]
    #[inline]
    pub fn step(&self, at: Option<Node>, name: &str) -> Step {
        let branch = at.and_then(|Node(at)| self.branch(at));
        if self.likely.may_have(name) {
            return self.look_up(branch, name);
        }
        Step::to(branch.and_then(|branch| branch.other.as_ref()), None)
    }

    fn look_up(&self, branch: Option<&Branch>, name: &str) -> Step {
        let mut small = [0; SMALL];
        let name = lowercase(name, &mut small).map_or_else(|| fold(name), Cow::Borrowed);
        let leaf = branch.and_then(|branch| branch.named.get(&*name).or(branch.other.as_ref()));
        Step::to(leaf, self.any_depth.get(&*name).copied())
    }
}

impl Step {
    #[inline]
    fn to(leaf: Option<&Leaf>, any_depth: Option<ClassId>) -> Step {
        let leaf = leaf.copied().unwrap_or_default();
        let also = any_depth.filter(|_| leaf.class.is_some());
        Step { node: leaf.node.map(Node), class: leaf.class.or(any_depth), also }
    }
}

/// A short ASCII name folded without allocation, as names such as `orderId` are met all the time.
fn lowercase<'s>(name: &str, small: &'s mut [u8; SMALL]) -> Option<&'s str> {
    let folded = small.get_mut(..name.len()).filter(|_| name.is_ascii())?;
    folded.copy_from_slice(name.as_bytes());
    folded.make_ascii_lowercase();
    std::str::from_utf8(folded).ok()
}

/// A name as names are compared: compatibility forms and case make no difference, so that `ｅMail` is `email`.
#[must_use]
pub fn fold(name: &str) -> Cow<'_, str> {
    use unicode_normalization::UnicodeNormalization as _;
    if name.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(name);
    }
    if name.is_ascii() {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Owned(name.nfkc().flat_map(char::to_lowercase).nfkc().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(paths: &[(&str, u16)]) -> Fields {
        let mut fields = Fields::default();
        for (path, class) in paths {
            fields.add_path(&Path::parse(path).unwrap(), ClassId(*class)).unwrap();
        }
        fields
    }

    fn class(fields: &Fields, names: &[&str]) -> Option<u16> {
        let mut at = fields.root();
        let mut class = None;
        for name in names {
            let step = fields.step(at, name);
            class = class.or(step.class);
            at = step.node;
        }
        class.map(|class| class.0)
    }

    #[test]
    fn paths_lead_to_classes_however_names_are_written() {
        let fields = fields(&[("customer.email", 1), ("\"a.b\".c", 2)]);
        assert_eq!(class(&fields, &["customer", "email"]), Some(1));
        assert_eq!(class(&fields, &["Customer", "\u{ff45}MAIL"]), Some(1));
        assert_eq!(class(&fields, &["a.b", "c"]), Some(2));
        assert_eq!(class(&fields, &["customer", "mail"]), None);
        assert_eq!(class(&fields, &["email"]), None);
    }

    #[test]
    fn any_name_stands_beside_named_ones_in_whatever_order_they_come() {
        let all = [("items.*.sku", 1), ("items.first.note", 2), ("items.first.sku", 3), ("*.*.id", 4)];
        for turn in 0..all.len() {
            let mut paths = all;
            paths.rotate_left(turn);
            let fields = fields(&paths);
            assert_eq!(class(&fields, &["items", "second", "sku"]), Some(1), "{paths:?}");
            assert_eq!(class(&fields, &["items", "first", "note"]), Some(2), "{paths:?}");
            assert!(class(&fields, &["items", "first", "sku"]).is_some(), "{paths:?}");
            for names in [["items", "second", "id"], ["items", "first", "id"], ["x", "y", "id"]] {
                assert_eq!(class(&fields, &names), Some(4), "{paths:?} {names:?}");
            }
        }
    }

    #[test]
    fn names_at_any_depth_count_everywhere() {
        let mut fields = fields(&[("a.b", 1)]);
        fields.add_name("SSN", ClassId(2));
        assert_eq!(class(&fields, &["x", "y", "ssn"]), Some(2));
        assert_eq!(class(&fields, &["a", "Ssn"]), Some(2));
        assert!(!fields.is_empty());
    }

    #[test]
    fn names_are_found_whatever_their_length_and_case() {
        for length in 1..200 {
            let name: String = ('a'..='z').cycle().skip(length).take(length).collect();
            let mut fields = fields(&[(&name, 1)]);
            fields.add_name(&format!("{name}x"), ClassId(2));
            for given in [name.clone(), name.to_uppercase(), name.replace('e', "\u{ff25}")] {
                assert_eq!(class(&fields, &[&given]), Some(1), "{given}");
                assert_eq!(class(&fields, &["y", &format!("{given}X")]), Some(2), "{given}");
                assert_eq!(class(&fields, &[&format!("{given}y")]), None, "{given}");
            }
        }
    }

    #[test]
    fn a_masked_name_goes_before_a_clear_path() {
        let mut fields = fields(&[("customer.*", 0), ("seen", 1)]);
        fields.add_name("password", ClassId(1));
        let class = |mask| crate::plan::Class { name: "c".into(), mask };
        let masked = || Some(crate::transform::Transform::Redact);
        let mask = crate::plan::Mask::default();
        let customer = fields.step(fields.root(), "customer");
        for (classes, counts) in [
            ([class(None), class(masked())], 1),
            ([class(masked()), class(None)], 0),
            ([class(masked()), class(masked())], 0),
            ([class(None), class(None)], 0),
        ] {
            let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
            assert_eq!(fields.step(customer.node, "password").class_for(&scope), Some(ClassId(counts)));
        }
    }

    #[test]
    fn paths_that_mean_nothing_are_refused() {
        for wrong in ["", "a..b", ".a", "a.", "\"a", "\"a\"b", "\"\".b"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Path::parse(&"a.".repeat(40)).is_err());
    }
}
