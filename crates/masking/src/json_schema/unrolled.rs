//! What `unevaluatedItems` and `unevaluatedProperties` make of a schema. For each of them the library follows all that evaluates the same
//! value, and writes out anew what a reference leads to wherever one does: a few definitions that refer to each other twice would fill
//! all memory. So its steps are gone before it goes them.

use std::collections::HashMap;

use super::graph::{Node, NodeId, Stands};
use crate::schema::SchemaError;

/// Subschemas that may be written out, each some kilobytes at most: about as much as a schema of the most subschemas takes anyhow.
const STEPS_MAX: usize = 50_000;
/// Names of fields, and bytes of a place, that count as much as a subschema.
const NAMES: usize = 8;
const PLACE: usize = 256;

/// Which of both keywords something is written out for.
type Items = bool;

enum Step {
    /// A subschema as such. `written`: for another one.
    Compiled { id: NodeId, written: bool },
    /// What a subschema evaluates.
    Evaluates(NodeId, Items),
    /// The end of that: references to it are no longer to what is being written.
    Left(NodeId, Items),
}

/// Refuses a schema of which too much would be written out.
pub(super) fn check(nodes: &[Node]) -> Result<(), SchemaError> {
    if !nodes.iter().any(|node| node.unevaluated.contains(&true)) {
        return Ok(());
    }
    let mut walk = Walk { nodes, open: Vec::new(), pending: HashMap::new(), steps: 0 };
    // What references lead to is compiled once by itself.
    let mut known = vec![false; nodes.len()];
    for root in [0].into_iter().chain(nodes.iter().filter_map(|node| node.refers)) {
        if let Some(known) = known.get_mut(root).filter(|known| !**known) {
            *known = true;
            walk.open.push(Step::Compiled { id: root, written: false });
            walk.go()?;
        }
    }
    Ok(())
}

struct Walk<'n> {
    nodes: &'n [Node],
    open: Vec<Step>,
    /// How often what a subschema evaluates is being written.
    pending: HashMap<(NodeId, Items), usize>,
    steps: usize,
}

impl Walk<'_> {
    fn go(&mut self) -> Result<(), SchemaError> {
        while let Some(step) = self.open.pop() {
            match step {
                Step::Compiled { id, written } => self.compiled(id, written)?,
                Step::Evaluates(id, items) => self.evaluates(id, items)?,
                Step::Left(id, items) => {
                    let times = self.pending.entry((id, items)).or_default();
                    *times = times.saturating_sub(1);
                }
            }
        }
        Ok(())
    }

    fn spend(&mut self, steps: usize) -> Result<(), SchemaError> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= STEPS_MAX {
            return Ok(());
        }
        let why = "unevaluatedProperties or unevaluatedItems would follow its references along too many ways";
        Err(SchemaError(why.to_owned()))
    }

    fn compiled(&mut self, id: NodeId, written: bool) -> Result<(), SchemaError> {
        let Some(node) = self.nodes.get(id) else { return Ok(()) };
        if written {
            self.spend(node.within.len().saturating_add(1).saturating_add(node.place.1.len() / PLACE))?;
        }
        let within = node.within.iter().map(|(_, below)| Step::Compiled { id: *below, written });
        self.open.extend(within);
        let [items, properties] = node.unevaluated;
        self.open.extend(items.then_some(Step::Evaluates(id, true)));
        self.open.extend(properties.then_some(Step::Evaluates(id, false)));
        Ok(())
    }

    fn evaluates(&mut self, id: NodeId, items: Items) -> Result<(), SchemaError> {
        let Some(node) = self.nodes.get(id) else { return Ok(()) };
        let more = (node.properties.len() / NAMES).saturating_add(node.place.1.len() / PLACE);
        self.spend(node.within.len().saturating_add(2).saturating_add(more))?;
        let times = self.pending.entry((id, items)).or_default();
        *times = times.saturating_add(1);
        self.open.push(Step::Left(id, items));
        for (stands, below) in &node.within {
            if *stands != Stands::Elsewhere {
                self.open.push(Step::Compiled { id: *below, written: true });
            }
            if *stands == Stands::Here {
                self.open.push(Step::Evaluates(*below, items));
            }
        }
        // What is being written is not written again within itself.
        let to = node.refers.filter(|to| self.pending.get(&(*to, items)).is_none_or(|times| *times == 0));
        self.open.extend(to.map(|to| Step::Evaluates(to, items)));
        Ok(())
    }
}
