//! From a schema and a mask to shapes: all that is said of one place of a text, in whatever branches, is one shape. Places of which the
//! same is said are the same shape, so that schemas that hold themselves come to an end.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use regex::{Regex, RegexBuilder};

use super::graph::{Graph, Node, NodeId};
use super::shapes::{Shape, ShapeId, Shapes, Turns};
use crate::fields::fold;
use crate::plan::{ClassId, Mask, Unknown};
use crate::schema::{RemovedTags, SchemaError};

/// Fields and elements of all shapes together. Real schemas have thousands; branches could be made to multiply.
const PLACES_MAX: usize = 200_000;
/// Subschemas that are looked at for all shapes together.
const WORK_MAX: usize = 5_000_000;
/// Patterns of names in one place; each doubles where other names may lead.
const PATTERNS_MAX: usize = 5;
/// Patterns of names in all places together.
const ALL_PATTERNS_MAX: usize = 256;
/// KiB that one compiled pattern may take, such as one of all letters.
const PATTERN_KIB: usize = 64;
/// KiB that all patterns of names in one place may take: at worst, each byte of a name leads to all of their states.
const PLACE_KIB: usize = 96;
/// Bytes of what is remembered of one pattern from text to text.
pub(super) const DFA_BYTES: usize = 1 << 20;
/// Bytes of the names in all shapes together.
const NAMES_MAX: usize = 16 << 20;

/// Subschemas that are about one place and say something.
type Set = BTreeSet<NodeId>;

/// Subschemas of all earlier versions together.
const EARLIER_MAX: usize = 100_000;

/// The earlier versions of a schema, as far as they matter: from the first on that has one of the mask's tags.
pub(super) struct EarlierNodes {
    /// How many nodes of the schema itself stand before them.
    own: usize,
    /// Of all versions, the last one's first.
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
    /// How many nodes and roots there are up to the version that has tags and comes before all others that have.
    tagged: (usize, usize),
}

impl EarlierNodes {
    pub(super) fn of(graph: &Graph) -> EarlierNodes {
        EarlierNodes { own: graph.nodes.len(), nodes: Vec::new(), roots: Vec::new(), tagged: (0, 0) }
    }

    /// Adds a version that came before all that were added.
    ///
    /// # Errors
    /// Nobody can say where all its tagged fields are, or there are too many subschemas.
    pub(super) fn add(&mut self, graph: Graph, mask: &Mask) -> Result<(), SchemaError> {
        if let Some(why) = graph.blind {
            return Err(SchemaError(why));
        }
        if self.nodes.len().saturating_add(graph.nodes.len()) > EARLIER_MAX {
            return Err(SchemaError(format!("it and those after it have more than {EARLIER_MAX} subschemas")));
        }
        let has_tags = graph.nodes.iter().any(|node| !tagged(node, mask).is_empty());
        let by = self.own + self.nodes.len();
        self.roots.push(by);
        self.nodes.extend(graph.nodes.into_iter().map(|node| {
            // Only people want to know where it stands.
            let (document, place) = if tagged(&node, mask).is_empty() { (0, String::new()) } else { node.place };
            Node { place: (document, place), within: Vec::new(), ..node }.moved(by)
        }));
        if has_tags {
            self.tagged = (self.nodes.len(), self.roots.len());
        }
        Ok(())
    }
}

/// Compiles what the mask's tags lead to, also those of earlier versions: what these say of a place leads on, but names no field.
///
/// # Errors
/// Nobody can say where all tagged fields are, or there are too many places.
pub(super) fn compile(graph: &Graph, earlier: EarlierNodes, mask: &Mask) -> Result<Shapes, SchemaError> {
    if let Some(why) = &graph.blind {
        return Err(SchemaError(why.clone()));
    }
    let own = graph.nodes.len();
    let EarlierNodes { nodes: mut before, mut roots, tagged: (counted, versions), .. } = earlier;
    before.truncate(counted);
    roots.truncate(versions);
    let roots = [0].into_iter().chain(roots);
    let folded = before.iter().map(|node| {
        let mut folded: HashMap<String, Vec<NodeId>> = HashMap::new();
        for (name, to) in &node.properties {
            folded.entry(fold(name).into_owned()).or_default().push(*to);
        }
        folded
    });
    let folded: Vec<_> = folded.collect();
    let nodes: Vec<&Node> = graph.nodes.iter().chain(&before).collect();
    let mut compiler = Compiler {
        classes: nodes.iter().map(|node| tagged(node, mask)).collect(),
        nodes,
        own,
        folded,
        mask,
        removed: RemovedTags::default(),
        known: HashMap::new(),
        queue: VecDeque::new(),
        patterns: HashMap::new(),
        next: 0,
        places: 0,
        work: 0,
        names: 0,
    };
    let root = compiler.closed(roots)?;
    compiler.shape(root)?;
    let mut all = Vec::new();
    while let Some(set) = compiler.queue.pop_front() {
        let shape = compiler.fill(&set)?;
        all.push(shape);
    }
    settle(&mut all);
    Ok(Shapes { all, removed: compiler.removed })
}

/// Places of the mask's tags that a subschema has.
fn tagged(node: &Node, mask: &Mask) -> Vec<usize> {
    let has = |wanted: &str| node.tags.iter().any(|tag| fold(tag) == fold(wanted));
    mask.tags.iter().enumerate().filter(|(_, (tag, _))| has(tag)).map(|(place, _)| place).collect()
}

struct Compiler<'g> {
    /// Those of the schema, then those of its earlier versions.
    nodes: Vec<&'g Node>,
    /// How many are the schema's own.
    own: usize,
    /// Of each of the others, its properties by their names, folded: readers may take one for another.
    folded: Vec<HashMap<String, Vec<NodeId>>>,
    mask: &'g Mask,
    removed: RemovedTags,
    /// By node.
    classes: Vec<Vec<usize>>,
    known: HashMap<Set, ShapeId>,
    queue: VecDeque<Set>,
    /// By their text.
    patterns: HashMap<&'g str, (Regex, usize)>,
    next: u32,
    places: usize,
    work: usize,
    /// Bytes of names.
    names: usize,
}

impl<'g> Compiler<'g> {
    fn node(&self, id: NodeId) -> Option<&'g Node> {
        self.nodes.get(id).copied()
    }

    fn spend(&mut self, places: usize, work: usize) -> Result<(), SchemaError> {
        self.places = self.places.saturating_add(places);
        self.work = self.work.saturating_add(work);
        if self.places > PLACES_MAX || self.work > WORK_MAX {
            return Err(SchemaError("its branches make too many places".to_owned()));
        }
        Ok(())
    }

    /// These subschemas and all that are about the same place, but for those that say nothing.
    fn closed(&mut self, of: impl IntoIterator<Item = NodeId>) -> Result<Set, SchemaError> {
        let mut met = Set::new();
        let mut open: Vec<NodeId> = of.into_iter().collect();
        while let Some(id) = open.pop() {
            if met.insert(id)
                && let Some(node) = self.node(id)
            {
                open.extend(&node.here);
            }
        }
        self.spend(0, met.len().saturating_add(1))?;
        met.retain(|id| self.says_something(*id));
        Ok(met)
    }

    fn says_something(&self, id: NodeId) -> bool {
        let tagged = self.classes.get(id).is_some_and(|tags| !tags.is_empty());
        tagged
            || self.node(id).is_some_and(|node| {
                let fields = node.properties.is_empty() && node.patterns.is_empty() && node.others.is_empty();
                !fields || node.lists || !node.any.is_empty()
            })
    }

    /// The shape of a place that these subschemas are about.
    fn shape(&mut self, set: Set) -> Result<ShapeId, SchemaError> {
        if let Some(known) = self.known.get(&set) {
            return Ok(*known);
        }
        self.spend(1, set.len())?;
        self.note_removed(&set);
        let id = ShapeId(self.next);
        self.next = self.next.saturating_add(1);
        self.known.insert(set.clone(), id);
        self.queue.push_back(set);
        Ok(id)
    }

    /// Notes what only earlier versions tag in a place.
    fn note_removed(&mut self, set: &Set) {
        let tags = |id: &NodeId| self.classes.get(*id).into_iter().flatten().copied();
        let own: BTreeSet<usize> = set.range(..self.own).flat_map(tags).collect();
        let before = set.range(self.own..).flat_map(|id| tags(id).map(|tag| (*id, tag)));
        let removed: Vec<(NodeId, usize)> = before.filter(|(_, tag)| !own.contains(tag)).collect();
        for (id, tag) in removed {
            if let (Some(node), Some((tag, _))) = (self.node(id), self.mask.tags.get(tag)) {
                self.removed.add(tag, &node.place.1);
            }
        }
    }

    fn fill(&mut self, set: &Set) -> Result<Shape, SchemaError> {
        let nodes: Vec<(NodeId, &'g Node)> = set.iter().filter_map(|id| Some((*id, self.node(*id)?))).collect();
        let patterns = self.patterns(&nodes)?;
        let names: BTreeSet<&str> =
            nodes.iter().flat_map(|(_, node)| node.properties.keys()).map(String::as_str).collect();
        let mut exact = HashMap::new();
        let mut folded: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for name in names {
            let fits: Vec<bool> = patterns.iter().map(|(_, regex)| regex.is_match(name)).collect();
            self.names = self.names.saturating_add(name.len());
            if self.names > NAMES_MAX {
                return Err(SchemaError("its names are too long for how many places they are in".to_owned()));
            }
            let to = self.named(&nodes, &[name], &patterns, Some(&fits), false)?;
            exact.insert(name.into(), to);
            folded.entry(fold(name).into_owned()).or_default().push(name);
        }
        let mut turned = HashMap::new();
        for (name, names) in folded {
            turned.insert(name.into(), self.turns(&nodes, &names, &patterns)?);
        }
        Ok(Shape {
            classes: self.classes_of(set),
            exact,
            folded: turned,
            others: self.turns(&nodes, &[], &patterns)?,
            patterns: patterns.iter().map(|(_, regex)| regex.clone()).collect(),
            prefix: self.prefix(&nodes)?,
            rest: self.element(&nodes, usize::MAX).map(Some)?,
            alone: self.alone(set)?,
            looks: false,
        })
    }

    /// The patterns of names in one place, each once.
    fn patterns(&mut self, nodes: &[(NodeId, &'g Node)]) -> Result<Vec<(&'g str, Regex)>, SchemaError> {
        let texts: BTreeSet<&'g str> =
            nodes.iter().flat_map(|(_, node)| &node.patterns).map(|(text, _)| &**text).collect();
        if texts.len() > PATTERNS_MAX {
            return Err(SchemaError(format!("more than {PATTERNS_MAX} patterns of names meet in one place")));
        }
        let (mut patterns, mut all) = (Vec::new(), 0_usize);
        for text in texts {
            let (pattern, kib) = self.pattern(text)?;
            patterns.push((text, pattern));
            all = all.saturating_add(kib);
        }
        if all > PLACE_KIB {
            return Err(SchemaError("patterns of names that meet in one place are too large together".to_owned()));
        }
        Ok(patterns)
    }

    /// A pattern, and the KiB that it takes.
    fn pattern(&mut self, text: &'g str) -> Result<(Regex, usize), SchemaError> {
        if let Some(known) = self.patterns.get(text) {
            return Ok(known.clone());
        }
        if self.patterns.len() >= ALL_PATTERNS_MAX {
            return Err(SchemaError(format!("it has more than {ALL_PATTERNS_MAX} patterns of names")));
        }
        let why = "a pattern of names looks around or back, or is too large; write it plainly";
        let compiled = pattern(text, PATTERN_KIB).ok_or_else(|| SchemaError(why.to_owned()))?;
        self.patterns.insert(text, compiled.clone());
        Ok(compiled)
    }

    fn classes_of(&self, set: &Set) -> Box<[ClassId]> {
        let places: BTreeSet<usize> = set.iter().filter_map(|id| self.classes.get(*id)).flatten().copied().collect();
        let mut classes = Vec::new();
        for (_, class) in places.iter().filter_map(|place| self.mask.tags.get(*place)) {
            if !classes.contains(class) {
                classes.push(*class);
            }
        }
        classes.into()
    }

    /// Where a name leads that is none of the properties, but looks like `names` and fits the patterns of each turn.
    fn turns(
        &mut self,
        nodes: &[(NodeId, &'g Node)],
        names: &[&str],
        patterns: &[(&'g str, Regex)],
    ) -> Result<Turns, SchemaError> {
        let mut turns = Vec::new();
        for turn in 0..1_usize << patterns.len() {
            let fits: Vec<bool> = (0..patterns.len()).map(|bit| turn >> bit & 1 == 1).collect();
            turns.push(self.named(nodes, names, patterns, Some(&fits), true)?);
        }
        if !patterns.is_empty() {
            turns.push(self.named(nodes, names, patterns, None, true)?);
        }
        Ok(turns.into())
    }

    /// Where a name leads. `alike`: it is none of `names`, but others may take it for one. Where nobody knows which patterns fit, it
    /// is not named, and all that may be said of it counts.
    fn named(
        &mut self,
        nodes: &[(NodeId, &'g Node)],
        names: &[&str],
        patterns: &[(&'g str, Regex)],
        fits: Option<&[bool]>,
        alike: bool,
    ) -> Result<ShapeId, SchemaError> {
        let mut to = Vec::new();
        let (mut is_named, known) = (false, fits.is_some());
        for (id, node) in nodes {
            let fits = |pattern: &str| {
                fits.is_none_or(|fits| patterns.iter().zip(fits).any(|((known, _), fits)| *known == pattern && *fits))
            };
            let before = to.len();
            match self.folded.get(id.wrapping_sub(self.own)) {
                None => to.extend(names.iter().filter_map(|name| node.properties.get(*name))),
                Some(folded) => to.extend(names.iter().filter_map(|name| folded.get(&*fold(name))).flatten()),
            }
            let mut by_it = to.len() > before && !alike;
            let by_pattern = to.len();
            to.extend(node.patterns.iter().filter(|(pattern, _)| fits(pattern)).map(|(_, node)| *node));
            by_it |= known && to.len() > by_pattern;
            if !by_it {
                to.extend(&node.others);
            }
            is_named |= *id < self.own && (by_it || (known && !node.others.is_empty()));
        }
        self.spend(1, to.len().saturating_add(nodes.len()))?;
        let set = self.closed(to)?;
        // What only looks like a property is masked as one where that is tagged, but nobody has named it.
        if !is_named && self.mask.unknown == Unknown::Mask && self.classes_of(&set).is_empty() {
            return Ok(ShapeId::UNNAMED);
        }
        self.shape(set)
    }

    /// The shape of one value in the place of a list: what is said of the list and of its elements, and of theirs.
    fn alone(&mut self, set: &Set) -> Result<Option<ShapeId>, SchemaError> {
        let mut all = set.clone();
        loop {
            let nodes = all.iter().filter_map(|id| self.node(*id));
            let elements = nodes.flat_map(|node| node.prefix.iter().chain(&node.rest).chain(&node.any));
            let new: Vec<NodeId> = elements.copied().filter(|id| !all.contains(id)).collect();
            self.spend(0, all.len())?;
            let before = all.len();
            if !new.is_empty() {
                all.extend(self.closed(new)?);
            }
            if all.len() == before {
                break;
            }
        }
        if all.len() == set.len() { Ok(None) } else { self.shape(all).map(Some) }
    }

    fn prefix(&mut self, nodes: &[(NodeId, &'g Node)]) -> Result<Box<[ShapeId]>, SchemaError> {
        let length = nodes.iter().map(|(_, node)| node.prefix.len()).max().unwrap_or(0);
        (0..length).map(|place| self.element(nodes, place)).collect()
    }

    fn element(&mut self, nodes: &[(NodeId, &'g Node)], place: usize) -> Result<ShapeId, SchemaError> {
        let mut to = Vec::new();
        for (id, node) in nodes {
            to.extend(&node.any);
            match node.prefix.get(place) {
                Some(own) => to.push(*own),
                None => to.extend(&node.rest),
            }
            // Lists are passed through where nothing is said of their elements.
            if !node.lists {
                to.push(*id);
            }
        }
        self.spend(1, to.len())?;
        let set = self.closed(to)?;
        self.shape(set)
    }
}

/// A pattern of ECMAScript's, as far as it can be matched in linear time and is not too large, and the KiB that it takes, rounded up.
pub(super) fn pattern(text: &str, most_kib: usize) -> Option<(Regex, usize)> {
    let translated = jsonschema_regex::to_rust_regex(text).ok()?;
    [1, 4, 16, 64, 256].into_iter().filter(|kib| *kib <= most_kib).find_map(|kib| {
        let mut builder = RegexBuilder::new(&translated);
        Some((builder.size_limit(kib << 10).dfa_size_limit(DFA_BYTES).build().ok()?, kib))
    })
}

/// Says of each shape whether anything is looked for there or below.
fn settle(all: &mut [Shape]) {
    let mut above: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
    let mut open = Vec::new();
    for (place, shape) in all.iter_mut().enumerate() {
        let turns = shape.folded.values().flatten().chain(&shape.others);
        let below: Vec<ShapeId> = shape
            .exact
            .values()
            .chain(turns)
            .chain(&shape.prefix)
            .chain(&shape.rest)
            .chain(&shape.alone)
            .copied()
            .collect();
        shape.looks = !shape.classes.is_empty() || below.contains(&ShapeId::UNNAMED);
        if shape.looks {
            open.push(place);
        }
        for below in below {
            if let Some(above) = usize::try_from(below.0).ok().and_then(|below| above.get_mut(below)) {
                above.push(place);
            }
        }
    }
    while let Some(place) = open.pop() {
        for above in above.get(place).into_iter().flatten() {
            if let Some(shape) = all.get_mut(*above).filter(|shape| !shape.looks) {
                shape.looks = true;
                open.push(*above);
            }
        }
    }
}
