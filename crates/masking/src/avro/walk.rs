//! The walk along the operations. What stays is copied as ranges, once something after it has changed.

use super::schema::Leaf;
use super::{AvroPlan, Does, Map, Op, OpId};
use crate::detect::Hit;
use crate::fields::fold;
use crate::found::Found;
use crate::framed::{int, long, put_long};
use crate::plan::{ClassId, Rewritten, Scope, Unmaskable};
use crate::transform::{Fate, Transform};

/// Records, lists and maps within each other, as in JSON; each takes a few frames of the stack. A union holds no union, so that it
/// need not be counted.
const DEPTH_MAX: usize = 128;

/// A payload that is walked.
pub(super) struct Walk<'w> {
    plan: &'w AvroPlan,
    pub(super) scope: &'w Scope<'w>,
    input: &'w [u8],
    /// Read so far.
    pub(super) at: usize,
    /// Of what was read, what is in `out` or has been replaced there.
    copied: usize,
    out: &'w mut Vec<u8>,
    replaced: usize,
    /// Whether a value was met whose record goes.
    pub(super) dropped: bool,
    pub(super) found: &'w mut Found,
    /// Kept between texts for its space.
    pub(super) hits: Vec<Hit>,
}

/// A value without parts, as it was read.
#[derive(Clone, Copy)]
pub(super) enum Value<'a> {
    Null,
    Truth,
    Number(i64),
    Float(f32),
    Double(f64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Fixed(&'a [u8]),
    Symbol,
}

pub(super) fn rewrite(
    plan: &AvroPlan,
    scope: &Scope<'_>,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    let begin = out.len();
    let hits = Vec::new();
    let mut walk = Walk { plan, scope, input, at: 0, copied: 0, out, replaced: 0, dropped: false, found, hits };
    let result = walk.whole();
    if !matches!(result, Ok(Rewritten::Changed)) {
        out.truncate(begin);
    }
    result
}

impl<'w> Walk<'w> {
    fn whole(&mut self) -> Result<Rewritten, Unmaskable> {
        self.value(self.plan.root, 0)?;
        let Some(rest) = self.input.get(self.copied..).filter(|_| self.at == self.input.len()) else {
            return self.wrong("bytes after the end");
        };
        if self.dropped {
            return Ok(Rewritten::DropRecord);
        }
        if self.replaced == 0 {
            return Ok(Rewritten::Same);
        }
        self.out.extend_from_slice(rest);
        Ok(Rewritten::Changed)
    }

    fn wrong<T>(&self, why: &'static str) -> Result<T, Unmaskable> {
        Err(Unmaskable { why, at: self.at })
    }

    fn op(&self, id: OpId) -> Result<&'w Op, Unmaskable> {
        self.plan.op(id).ok_or(Unmaskable { why: "a type that the plan has not", at: self.at })
    }

    /// The class by which something of these classes is masked, if it is.
    pub(super) fn masked(&self, classes: &[ClassId]) -> Option<(ClassId, &'w Transform)> {
        classes.iter().find_map(|class| self.scope.transform(*class).map(|transform| (*class, transform)))
    }

    fn value(&mut self, id: OpId, depth: usize) -> Result<(), Unmaskable> {
        let op = self.op(id)?;
        if !op.looks {
            return self.skip(op, depth);
        }
        match &op.does {
            Does::Leaf(leaf) => self.leaf(op, *leaf),
            Does::Record(fields) => {
                let depth = self.deeper(depth)?;
                fields.iter().try_for_each(|field| self.value(*field, depth))
            }
            Does::Array(items) => self.array(op, *items, depth),
            Does::Map(map) => self.map(op, map, depth),
            Does::Union { branches, null } => {
                let start = self.at;
                let branch = self.branch(branches)?;
                match null {
                    Some(null) => self.nullable(branch, *null, start, depth),
                    None => self.value(branch, depth),
                }
            }
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, Unmaskable> {
        if depth >= DEPTH_MAX { self.wrong("nested too deep") } else { Ok(depth + 1) }
    }

    /// Reads over a value: it is checked, but nothing is looked for.
    fn skip(&mut self, op: &Op, depth: usize) -> Result<(), Unmaskable> {
        match &op.does {
            // The commonest first, without a value made of it.
            Does::Leaf(Leaf::String { .. }) => self.text().map(|_| ()),
            Does::Leaf(Leaf::Long(_)) => self.long().map(|_| ()),
            Does::Leaf(Leaf::Double) => self.take(8).map(|_| ()),
            Does::Leaf(leaf) => self.read(*leaf).map(|_| ()),
            Does::Record(fields) => {
                let depth = self.deeper(depth)?;
                fields.iter().try_for_each(|field| self.skip(self.op(*field)?, depth))
            }
            Does::Array(items) => {
                let (depth, items) = (self.deeper(depth)?, self.op(*items)?);
                self.blocks(items.empty, |walk| walk.skip(items, depth))
            }
            Does::Map(map) => {
                let (depth, values) = (self.deeper(depth)?, self.op(map.other)?);
                let entry = |walk: &mut Self| {
                    walk.text()?;
                    walk.skip(values, depth)
                };
                self.blocks(false, entry)
            }
            Does::Union { branches, .. } => {
                let branch = self.branch(branches)?;
                self.skip(self.op(branch)?, depth)
            }
        }
    }

    fn branch(&mut self, branches: &[OpId]) -> Result<OpId, Unmaskable> {
        let start = self.at;
        let index = self.int()?;
        let branch = usize::try_from(index).ok().and_then(|index| branches.get(index));
        branch.copied().ok_or(Unmaskable { why: "a branch that its union has not", at: start })
    }

    /// A value in a union that could hold null instead.
    fn nullable(&mut self, id: OpId, null: i64, start: usize, depth: usize) -> Result<(), Unmaskable> {
        let op = self.op(id)?;
        let masked = self.masked(&op.classes).filter(|_| !matches!(op.does, Does::Leaf(Leaf::Null)));
        match masked.map(|(class, transform)| (class, transform.whole())) {
            Some((class, Fate::Null | Fate::DropField)) => {
                self.skip(op, depth)?;
                self.found.count(class, true);
                self.replace(start, |out| put_long(out, null));
                Ok(())
            }
            _ => self.value(id, depth),
        }
    }

    fn array(&mut self, op: &Op, items: OpId, depth: usize) -> Result<(), Unmaskable> {
        if let Some((class, transform)) = self.masked(&op.classes)
            && matches!(transform.whole(), Fate::Null | Fate::DropField)
        {
            return self.emptied(op, class, transform, depth);
        }
        // A list of a class is of the class item by item.
        let depth = self.deeper(depth)?;
        let empty = self.op(items)?.empty;
        self.blocks(empty, |walk| walk.value(items, depth))
    }

    /// A list or map of which nothing stays.
    fn emptied(&mut self, op: &Op, class: ClassId, transform: &Transform, depth: usize) -> Result<(), Unmaskable> {
        let start = self.at;
        self.skip(op, depth)?;
        // One that is empty is a single 0, or it held something of which nothing was said.
        if self.input.get(start..self.at) != Some(&[0]) {
            self.found.count(class, true);
            self.dropped |= transform.whole() == Fate::DropRecord;
            self.replace(start, |out| out.push(0));
        }
        Ok(())
    }

    fn map(&mut self, op: &Op, map: &Map, depth: usize) -> Result<(), Unmaskable> {
        // Its keys are of the class as well, and there is no telling which of them say something.
        if let Some((class, transform)) = self.masked(&op.classes) {
            return self.emptied(op, class, transform, depth);
        }
        let depth = self.deeper(depth)?;
        let mut masked = 0_u64;
        self.blocks(false, |walk| {
            let start = walk.at;
            let key = walk.text()?;
            if map.looks {
                walk.key(&map.keys, key, start, &mut masked);
            }
            let value = if map.named.is_empty() { None } else { map.named.get(&*fold(key)) };
            walk.value(value.copied().unwrap_or(map.other), depth)
        })
    }

    /// Reads the blocks of a list or map; `empty` says that what they hold takes no bytes, so that there is nothing to read.
    fn blocks(
        &mut self,
        empty: bool,
        mut item: impl FnMut(&mut Self) -> Result<(), Unmaskable>,
    ) -> Result<(), Unmaskable> {
        loop {
            let start = self.at;
            let count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            let size_at = self.at;
            let size = if count < 0 { Some(self.length()?) } else { None };
            let items_at = self.at;
            let before = (self.out.len(), self.copied, self.replaced);
            if !empty {
                if count.unsigned_abs() > u64::try_from(self.input.len() - items_at).unwrap_or(u64::MAX) {
                    return Err(Unmaskable { why: "more items than bytes", at: start });
                }
                for _ in 0..count.unsigned_abs() {
                    item(self)?;
                }
            }
            let Some(size) = size else { continue };
            // Some readers go over a block by its size, others by its items: they would part ways.
            if self.at - items_at != size {
                return Err(Unmaskable { why: "a block of another size", at: size_at });
            }
            if self.replaced != before.2 {
                self.resize(before.0 + (size_at - before.1), items_at - size_at);
            }
        }
    }

    /// Writes the new size of a block whose bytes changed: the old one takes `width` bytes at `hole` in what was written, and behind it
    /// is nothing but the block.
    fn resize(&mut self, hole: usize, width: usize) {
        let written = self.out.len().saturating_sub(hole + width);
        let mut size = Vec::with_capacity(10);
        put_long(&mut size, i64::try_from(written + (self.at - self.copied)).unwrap_or(i64::MAX));
        drop(self.out.splice(hole..hole + width, size));
    }

    /// Puts something in the place of what was read from `start` on.
    pub(super) fn replace(&mut self, start: usize, put: impl FnOnce(&mut Vec<u8>)) {
        self.out.extend_from_slice(self.input.get(self.copied..start).unwrap_or_default());
        put(self.out);
        self.copied = self.at;
        self.replaced += 1;
    }

    /// Reads a value without parts.
    pub(super) fn read(&mut self, leaf: Leaf) -> Result<Value<'w>, Unmaskable> {
        Ok(match leaf {
            Leaf::Null => Value::Null,
            Leaf::Boolean => match self.take(1)? {
                [0 | 1] => Value::Truth,
                _ => return Err(Unmaskable { why: "neither true nor false", at: self.at - 1 }),
            },
            Leaf::Int(_) => Value::Number(i64::from(self.int()?)),
            Leaf::Long(_) => Value::Number(self.long()?),
            Leaf::Float => Value::Float(f32::from_le_bytes(self.fixed()?)),
            Leaf::Double => Value::Double(f64::from_le_bytes(self.fixed()?)),
            Leaf::Bytes { .. } => {
                let length = self.length()?;
                Value::Bytes(self.take(length)?)
            }
            Leaf::String { .. } => Value::Text(self.text()?),
            Leaf::Fixed(size) => Value::Fixed(self.take(size)?),
            Leaf::Enum { symbols, .. } => {
                let start = self.at;
                let index = usize::try_from(self.int()?).unwrap_or(usize::MAX);
                if index >= symbols {
                    return Err(Unmaskable { why: "a symbol that its enum has not", at: start });
                }
                Value::Symbol
            }
        })
    }

    fn text(&mut self) -> Result<&'w str, Unmaskable> {
        let length = self.length()?;
        let start = self.at;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).ok().ok_or(Unmaskable { why: "text that is not UTF-8", at: start })
    }

    #[inline]
    fn length(&mut self) -> Result<usize, Unmaskable> {
        let start = self.at;
        let length = self.long()?;
        usize::try_from(length).ok().ok_or(Unmaskable { why: "a length below 0", at: start })
    }

    #[inline]
    fn int(&mut self) -> Result<i32, Unmaskable> {
        let (number, end) = int(self.input, self.at)?;
        self.at = end;
        Ok(number)
    }

    #[inline]
    fn long(&mut self) -> Result<i64, Unmaskable> {
        let (number, end) = long(self.input, self.at)?;
        self.at = end;
        Ok(number)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Unmaskable> {
        self.take(N)?.try_into().ok().ok_or(Unmaskable { why: "a number of another size", at: self.at })
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'w [u8], Unmaskable> {
        let end = self.at.checked_add(length);
        let bytes = end.and_then(|end| self.input.get(self.at..end));
        let bytes = bytes.ok_or(Unmaskable { why: "ends within a value", at: self.at })?;
        self.at += length;
        Ok(bytes)
    }
}
