//! JSON, rewritten in one pass: what is not changed stays byte for byte, numbers, white space, order and repeated names included.
//!
//! Exactly one text of RFC 8259 is taken, in UTF-8 and without a byte order mark; what lenient readers take besides is refused.
//! Stricter than the RFC on purpose are: nesting ([`DEPTH_MAX`]), NUL in names (readers in C end there, and see another name), halves
//! of surrogate pairs, and numbers beyond what a 64-bit float holds.
//!
//! A field's class covers all below it. Of a masked class texts, numbers and truth values are changed and keep their type, lists are
//! masked element by element, a group of fields becomes `{}`, `null` stays. Below a class that the caller sees, another class named
//! further in counts for itself. Text that is not of a masked class is looked into: by detectors, and as JSON or base64 of either, in
//! each other three deep. A text that changes is written anew, its escapes with it.

mod cursor;
mod inside;
#[cfg(test)]
mod tests;
mod text;

use std::io::Write as _;

use cursor::{Cursor, Quoted};
use inside::Inside;
pub(crate) use inside::{begins_like_json, in_bytes, in_text};

use crate::fields::Node;
use crate::found::Found;
use crate::json_schema::{ShapeId, Shapes};
use crate::plan::{ClassId, Rewritten, Scope, Unmaskable};
use crate::transform::{Fate, Transform};

/// Deepest nesting of lists and groups. Readers commonly allow about as much, and deeper nesting is made to overflow their stacks.
pub const DEPTH_MAX: usize = 128;
/// As deep as most texts go, to begin with.
const DEPTH_COMMON: usize = 8;
const DEEP: &str = "lists and groups are nested too deep";
const NUL: &str = "a field's name holds a NUL";
const LONE: &str = "half a surrogate pair stands alone";
const LARGE: &str = "a number is too large";
/// What other readers may well take.
const STRICTER: [&str; 4] = [DEEP, NUL, LONE, LARGE];

/// Rewrites one JSON text and appends it to `out`. Nothing is appended unless it is [`Rewritten::Changed`].
///
/// # Errors
/// [`Unmaskable`] for all that is not exactly one JSON text. What was found until then stays in `found`.
pub fn rewrite(scope: &Scope<'_>, input: &[u8], out: &mut Vec<u8>, found: &mut Found) -> Result<Rewritten, Unmaskable> {
    rewrite_by(None, scope, input, out, found)
}

/// The same by what a schema says of it too. A field that no schema names is left out where the mask wants it so, unless a path leads
/// through it or a class covers it.
pub(crate) fn rewrite_by(
    shapes: Option<&Shapes>,
    scope: &Scope<'_>,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    let text = std::str::from_utf8(input)
        .map_err(|error| Unmaskable { why: "the text is not UTF-8", at: error.valid_up_to() })?;
    Walker::new(text, scope.mask.fields.root(), Inside::new(scope, found, 0), out).by(shapes).run()
}

/// A value's place among the fields.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Where its own fields are looked up.
    node: Option<Node>,
    cover: Cover,
    /// Where it is by its schema.
    shape: ShapeId,
}

/// The class of a value, or of what it is in.
#[derive(Clone, Copy, Debug)]
enum Cover {
    None,
    Of(ClassId),
    /// The caller sees the class, and the value is part of one that was counted.
    Counted(ClassId),
}

impl Cover {
    fn class(self) -> Option<ClassId> {
        match self {
            Cover::None => None,
            Cover::Of(class) | Cover::Counted(class) => Some(class),
        }
    }
}

/// An open list or group.
#[derive(Clone, Copy, Debug)]
struct Frame {
    group: bool,
    /// Where its elements are, and its fields but for what their names say.
    inside: Place,
    /// Where its last field ended, left out or not.
    end: usize,
    /// A field before this one stays.
    kept: bool,
    /// Elements so far, where its schema tells them apart.
    elements: usize,
}

/// What came of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Met {
    /// A list or group was opened.
    Open,
    /// It is written, as it was or changed.
    Kept,
    /// Its field is to be left out.
    Gone,
}

struct Walker<'w, 'a> {
    cursor: Cursor<'w>,
    inside: Inside<'w, 'a>,
    /// Whether there are detectors.
    detects: bool,
    /// Whether something can be found in any text or below any name.
    everywhere: bool,
    /// What the schema says, if there is one and it matters.
    shapes: Option<&'w Shapes>,
    /// The innermost; the text itself is in a list, as it were.
    top: Frame,
    /// Those around it.
    frames: Vec<Frame>,
    out: &'w mut Vec<u8>,
    /// Where this text begins in `out`.
    begin: usize,
    /// How far the input is copied.
    copied: usize,
    changed: bool,
    /// Where the name of the present field begins.
    name_at: usize,
    /// What `out`'s length and `copied` were before that name was changed, if it was.
    before_name: Option<(usize, usize)>,
}

impl<'w, 'a> Walker<'w, 'a> {
    /// `node` is where the text's fields are looked up.
    fn new(text: &'w str, node: Option<Node>, inside: Inside<'w, 'a>, out: &'w mut Vec<u8>) -> Self {
        let root = Place { node, cover: Cover::None, shape: ShapeId::ANY };
        let mask = inside.scope.mask;
        Walker {
            cursor: Cursor::new(text),
            detects: !mask.content.is_empty(),
            everywhere: !mask.content.is_empty() || mask.fields.reaches(None) || mask.rest.is_some(),
            shapes: None,
            inside,
            top: Frame { group: false, inside: root, end: 0, kept: false, elements: 0 },
            frames: Vec::with_capacity(DEPTH_COMMON),
            begin: out.len(),
            out,
            copied: 0,
            changed: false,
            name_at: 0,
            before_name: None,
        }
    }

    /// By what a schema says of the text.
    fn by(mut self, shapes: Option<&'w Shapes>) -> Self {
        if let Some(shapes) = shapes {
            self.shapes = Some(shapes);
            let shape = shapes.root();
            let class = self.chosen(None, shapes.classes(shape));
            self.top.inside = Place { shape, cover: class.map_or(Cover::None, Cover::Of), ..self.top.inside };
        }
        self
    }

    fn run(mut self) -> Result<Rewritten, Unmaskable> {
        let walked = self.walk();
        if walked.is_err() || self.inside.drop_record {
            self.out.truncate(self.begin);
            return walked.map(|()| Rewritten::DropRecord);
        }
        if !self.changed {
            return Ok(Rewritten::Same);
        }
        self.copy(self.cursor.at);
        Ok(Rewritten::Changed)
    }

    fn walk(&mut self) -> Result<(), Unmaskable> {
        self.cursor.blank();
        loop {
            let place = if self.top.group { self.name()? } else { self.element() };
            let mut met = self.value(place)?;
            if met == Met::Open {
                self.cursor.blank();
                match (self.cursor.peek(), self.top.group) {
                    (b'}', true) | (b']', false) => met = self.close(),
                    _ => continue,
                }
            }
            // The value is over, and with it perhaps what it is in.
            loop {
                let end = self.cursor.at;
                if self.frames.is_empty() {
                    return self.cursor.end();
                }
                self.cursor.blank();
                match (self.cursor.peek(), self.top.group) {
                    (b',', group) => {
                        self.cursor.at += 1;
                        self.cursor.blank();
                        if group {
                            self.field_over(met, end, self.cursor.at);
                        }
                        break;
                    }
                    (b'}', true) => self.field_over(met, end, end),
                    (b']', false) => {}
                    (_, group) => return Err(self.cursor.unclosed(group)),
                }
                met = self.close();
            }
        }
    }

    /// Closes the innermost list or group; its end is the next byte.
    fn close(&mut self) -> Met {
        self.cursor.at += 1;
        if let Some(around) = self.frames.pop() {
            self.top = around;
        }
        Met::Kept
    }

    /// Reads a field's name and goes to its value.
    #[inline]
    fn name(&mut self) -> Result<Place, Unmaskable> {
        let inside = self.top.inside;
        (self.name_at, self.before_name) = (self.cursor.at, None);
        let quoted = self.cursor.name()?;
        let name = self.cursor.decoded(quoted);
        if self.detects
            && let Some(new) = self.inside.detected(&name, inside.cover.class().as_slice())
        {
            self.before_name = Some((self.out.len(), self.copied));
            self.copy(self.name_at);
            text::push_string(self.out, &new);
            self.copied = quoted.end + 1;
        }
        let step = self.inside.scope.mask.fields.step(inside.node, &name);
        let (mut class, mut shape) = (step.class_for(self.inside.scope), ShapeId::ANY);
        if let Some(shapes) = self.shapes {
            shape = shapes.field(inside.shape, &name);
            class = self.chosen(class, shapes.classes(shape));
        }
        Ok(Place { node: step.node, cover: class.map_or(inside.cover, Cover::Of), shape })
    }

    /// The place of a list's next element, or of the text itself.
    #[inline]
    fn element(&mut self) -> Place {
        let inside = self.top.inside;
        match self.shapes {
            Some(shapes) if !self.frames.is_empty() => self.element_by(shapes, inside),
            _ => inside,
        }
    }

    fn element_by(&mut self, shapes: &Shapes, inside: Place) -> Place {
        let shape = shapes.element(inside.shape, self.top.elements);
        self.top.elements += 1;
        // What covers a list covers what is in it.
        self.within(shapes, inside, shape)
    }

    /// A place that has what covers `around` and what is said of a shape.
    fn within(&self, shapes: &Shapes, around: Place, shape: ShapeId) -> Place {
        let whole = match around.cover {
            Cover::Of(class) => Some(class),
            Cover::None | Cover::Counted(_) => None,
        };
        let class = self.chosen(whole, shapes.classes(shape));
        Place { shape, cover: class.map_or(around.cover, Cover::Of), ..around }
    }

    /// What is no list where a list may be is what the list's elements are: nobody checks what is read.
    fn not_listed(&self, place: Place) -> Place {
        match self.shapes {
            Some(shapes) if self.cursor.peek() != b'[' => match shapes.alone(place.shape) {
                Some(shape) => self.within(shapes, place, shape),
                None => place,
            },
            _ => place,
        }
    }

    /// The class that counts of those that a value has: the first that is masked, or else the first.
    fn chosen(&self, class: Option<ClassId>, more: &[ClassId]) -> Option<ClassId> {
        let mut all = class.into_iter().chain(more.iter().copied());
        all.clone().find(|class| self.inside.scope.transform(*class).is_some()).or_else(|| all.next())
    }

    /// Whether nothing can be found at the place or below.
    #[inline]
    fn is_silent(&self, place: Place) -> bool {
        let silent = !self.everywhere && place.node.is_none() && !matches!(place.cover, Cover::Of(_));
        silent && (place.shape == ShapeId::ANY || !self.shapes.is_some_and(|shapes| shapes.looks(place.shape)))
    }

    /// Whether nothing at all says what the value there is.
    #[inline]
    fn is_unnamed(&self, place: Place) -> bool {
        let on_a_path = place.node.is_some() && matches!(self.cursor.peek(), b'{' | b'[');
        place.shape == ShapeId::UNNAMED && matches!(place.cover, Cover::None) && !on_a_path
    }

    /// Leaves a value out that nobody has named.
    #[cold]
    fn unnamed(&mut self) -> Result<Met, Unmaskable> {
        if self.inside.scope.mask.strict {
            return Err(self.cursor.error("a field that its schema does not name"));
        }
        let start = self.cursor.at;
        self.cursor.value(DEPTH_MAX - self.frames.len())?;
        Ok(self.put(start, Fate::DropField, |_, ()| {}))
    }

    /// Ends a field whose value ends at `end`; the group's next field, or the group's end, is at `next`.
    #[inline]
    fn field_over(&mut self, met: Met, end: usize, next: usize) {
        if met == Met::Gone {
            self.leave_out(end, next);
        } else {
            self.top.kept = true;
        }
        self.top.end = end;
    }

    /// Leaves a field out, with one of the commas beside it.
    fn leave_out(&mut self, end: usize, next: usize) {
        if let Some((length, copied)) = self.before_name {
            self.out.truncate(length);
            self.copied = copied;
        }
        self.copy(if self.top.kept { self.top.end } else { self.name_at });
        self.copied = if self.top.kept { end } else { next };
    }

    /// Reads a value, or opens it.
    #[inline]
    fn value(&mut self, place: Place) -> Result<Met, Unmaskable> {
        let place = self.not_listed(place);
        if self.is_silent(place) {
            return self.cursor.value(DEPTH_MAX - self.frames.len()).map(|()| Met::Kept);
        }
        if self.is_unnamed(place) {
            return self.unnamed();
        }
        let start = self.cursor.at;
        match self.cursor.peek() {
            b'"' => self.cursor.string().map(|quoted| self.string(place, start, quoted)),
            b'{' => self.open(place, true),
            b'[' => self.open(place, false),
            b't' => self.cursor.word("true").map(|()| self.truth(place, start)),
            b'f' => self.cursor.word("false").map(|()| self.truth(place, start)),
            b'n' => self.cursor.word("null").map(|()| self.null(place, start)),
            _ => self.cursor.number().map(|number| self.number(place, start, number)),
        }
    }

    fn open(&mut self, place: Place, group: bool) -> Result<Met, Unmaskable> {
        let start = self.cursor.at;
        let mut inside = place;
        // Further in there may be a plain field.
        let may_be_plain = matches!(place.cover, Cover::None) && place.node.is_some();
        // A list that is on no list of plain ones goes as a whole, since its name may be data too; of others the elements are masked.
        let goes = group || matches!(place.cover, Cover::None) && self.inside.scope.mask.rest.is_some();
        if goes
            && !may_be_plain
            && let Some(transform) = self.masked(place)
        {
            self.cursor.value(DEPTH_MAX - self.frames.len())?;
            return Ok(self.put(start, transform.whole(), |out, ()| out.extend(b"{}")));
        }
        if group {
            inside.cover = place.cover.class().map_or(Cover::None, Cover::Counted);
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(self.cursor.error(DEEP));
        }
        self.cursor.at += 1;
        self.frames.push(self.top);
        self.top = Frame { group, inside, end: 0, kept: false, elements: 0 };
        Ok(Met::Open)
    }

    fn string(&mut self, place: Place, start: usize, quoted: Quoted) -> Met {
        if let Some(transform) = self.masked(place) {
            let fate = transform.text(&self.cursor.decoded(quoted), self.inside.scope.subject);
            return self.put(start, fate, |out, new| text::push_string(out, &new));
        }
        if self.everywhere || place.node.is_some() {
            let text = self.cursor.decoded(quoted);
            if !self.detects && inside::is_short_word(&text) {
                return Met::Kept;
            }
            if let Some(new) = self.inside.text(&text, place.node, place.cover.class().as_slice()) {
                return self.put(start, Fate::Value(new), |out, new| text::push_string(out, &new));
            }
        }
        Met::Kept
    }

    fn number(&mut self, place: Place, start: usize, number: &str) -> Met {
        let mut transform = self.masked(place);
        let detected = if transform.is_none() && self.detects {
            self.inside.number(number, place.cover.class().as_slice())
        } else {
            None
        };
        transform = transform.or_else(|| self.inside.scope.transform(detected?));
        let Some(transform) = transform else { return Met::Kept };
        let write = |out: &mut Vec<u8>, text: std::fmt::Arguments<'_>| {
            // Writing to a vector does not fail.
            let _infallible = out.write_fmt(text);
        };
        let value = number.parse().unwrap_or(0.0);
        // What was found is a whole number however it was written.
        let whole = number.parse().ok().or_else(|| whole_number(value).filter(|_| detected.is_some()));
        match whole {
            Some(whole) => {
                let fate = transform.integer(whole, (i64::MIN, i64::MAX), self.inside.scope.subject);
                self.put(start, fate, |out, new| write(out, format_args!("{new}")))
            }
            None => self.put(start, transform.float(value), |out, new| match new.is_finite() {
                // Whoever wrote no fraction may not be able to read one.
                true if !number.contains(['.', 'e', 'E']) => write(out, format_args!("{new}")),
                true => write(out, format_args!("{new:?}")),
                false => out.push(b'0'),
            }),
        }
    }

    fn truth(&mut self, place: Place, start: usize) -> Met {
        match self.masked(place) {
            Some(transform) => self.put(start, transform.truth(), |out, new| {
                out.extend_from_slice(if new { b"true" } else { b"false" });
            }),
            None => Met::Kept,
        }
    }

    /// There is nothing to change in it, but a name before it that is on no list of plain ones may be data.
    fn null(&mut self, place: Place, start: usize) -> Met {
        match place.cover {
            Cover::None if self.inside.scope.mask.rest.is_some() => self.put(start, Fate::<()>::DropField, |_, ()| {}),
            _ => Met::Kept,
        }
    }

    /// How the value there is masked, if it is. Counts the value.
    #[inline]
    fn masked(&mut self, place: Place) -> Option<&'a Transform> {
        let class = match place.cover {
            Cover::Of(class) => class,
            Cover::None => self.inside.scope.mask.rest?,
            Cover::Counted(_) => return None,
        };
        let transform = self.inside.scope.transform(class);
        self.inside.found.count(class, transform.is_some());
        transform
    }

    /// Puts something in the place of what begins at `start` and ends here.
    fn put<T>(&mut self, start: usize, fate: Fate<T>, write: impl FnOnce(&mut Vec<u8>, T)) -> Met {
        match fate {
            Fate::Value(new) => {
                self.copy(start);
                write(self.out, new);
            }
            Fate::DropField if self.top.group => return Met::Gone,
            Fate::Null | Fate::DropField => {
                self.copy(start);
                self.out.extend(b"null");
            }
            Fate::DropRecord => {
                self.inside.drop_record = true;
                return Met::Kept;
            }
        }
        self.copied = self.cursor.at;
        Met::Kept
    }

    /// Copies what is not copied yet, up to `end`.
    fn copy(&mut self, end: usize) {
        self.out.extend_from_slice(self.cursor.slice(self.copied, end).as_bytes());
        self.copied = end;
        self.changed = true;
    }
}

/// A float that is a whole number of a size that both types hold.
fn whole_number(number: f64) -> Option<i64> {
    format!("{:.0}", number.trunc()).parse().ok()
}
