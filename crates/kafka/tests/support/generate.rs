//! Messages made from the table: pseudo-random values for every field of a version, and a writer of its own beside `encode`, which
//! also writes tags that no table knows.

use tidegate_kafka::encode::{Fields, Value, put_uvarint};
use tidegate_kafka::schema::{Default as Preset, Field, Message, Type};

/// SplitMix64: small, seeded, the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 8] = ['a', 'Z', '0', '.', '-', 'é', '€', '😀'];
        (0..self.below(8)).map(|_| LETTERS[usize::try_from(self.below(8)).unwrap()]).collect()
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(12)).map(|_| self.draw().to_le_bytes()[0]).collect()
    }

    fn int(&mut self, ty: &Type) -> i64 {
        let bits = match self.below(4) {
            0 => 0,
            1 => u64::MAX,
            _ => self.draw(),
        };
        let [b0, b1, b2, b3, ..] = bits.to_le_bytes();
        match ty {
            Type::Bool => i64::from(b0 & 1),
            Type::Int8 => i64::from(i8::from_le_bytes([b0])),
            Type::Int16 => i64::from(i16::from_le_bytes([b0, b1])),
            Type::Uint16 => i64::from(u16::from_le_bytes([b0, b1])),
            Type::Int32 => i64::from(i32::from_le_bytes([b0, b1, b2, b3])),
            Type::Uint32 => i64::from(u32::from_le_bytes([b0, b1, b2, b3])),
            // A finite number, whose bits every implementation keeps.
            Type::Float64 => i64::from_le_bytes((f64::from(i32::from_le_bytes([b0, b1, b2, b3])) / 8.0).to_le_bytes()),
            _ => i64::from_le_bytes(bits.to_le_bytes()),
        }
    }
}

/// Chooses a field's value instead of chance.
pub(crate) type Choose<'a> = &'a dyn Fn(&Field) -> Option<Value>;

/// Values for all fields that `version` has; tagged fields only sometimes, and then never at their default, which Kafka leaves out.
pub(crate) fn fields(message: &Message, version: i16, random: &mut Random, choose: Choose<'_>) -> Fields {
    structure(message.fields, version, random, choose)
}

fn structure(layout: &[Field], version: i16, random: &mut Random, choose: Choose<'_>) -> Fields {
    let mut out = Vec::new();
    for field in layout.iter().filter(|f| f.versions.contains(version)) {
        let tagged = field.tagged.contains(version);
        if tagged && random.below(2) == 0 {
            continue;
        }
        let mut made = choose(field).unwrap_or_else(|| value(field, &field.ty, version, random, choose));
        for _ in 0..20 {
            if !tagged || !is_preset(field, &made) {
                break;
            }
            made = value(field, &field.ty, version, random, choose);
        }
        if !tagged || !is_preset(field, &made) {
            out.push((field.id, made));
        }
    }
    out
}

fn is_preset(field: &Field, value: &Value) -> bool {
    match (field.default, value) {
        (Preset::Null, Value::Null) => true,
        (Preset::Int(preset), Value::Int(number)) => preset == *number,
        (Preset::Zero, Value::Int(0)) => true,
        (Preset::Zero, Value::Text(text)) => text.is_empty(),
        (Preset::Zero, Value::Bytes(bytes)) => bytes.is_empty(),
        (Preset::Zero, Value::Uuid(id)) => *id == [0; 16],
        (Preset::Zero, Value::List(list)) => list.is_empty(),
        (Preset::Zero, Value::Items(items)) => items.is_empty(),
        // A struct is at its default when all of its fields are.
        (Preset::Zero, Value::Struct(inner)) => {
            let Type::Struct(layout) = field.ty else { return false };
            inner.iter().all(|(id, v)| layout.iter().find(|f| f.id == *id).is_some_and(|f| is_preset(f, v)))
        }
        _ => false,
    }
}

fn value(field: &Field, ty: &Type, version: i16, random: &mut Random, choose: Choose<'_>) -> Value {
    let may_be_null = field.nullable.contains(version) && std::ptr::eq(ty, &raw const field.ty);
    if may_be_null && random.below(4) == 0 {
        return Value::Null;
    }
    match ty {
        Type::Uuid => {
            let (high, low) = (random.draw().to_be_bytes(), random.draw().to_be_bytes());
            Value::Uuid([high, low].concat().try_into().unwrap())
        }
        Type::String => Value::Text(random.text()),
        Type::Bytes | Type::Records => Value::Bytes(random.bytes()),
        Type::Struct(layout) => Value::Struct(structure(layout, version, random, choose)),
        Type::Array(Type::Struct(layout)) => {
            Value::List((0..random.below(3)).map(|_| structure(layout, version, random, choose)).collect())
        }
        Type::Array(element) => {
            Value::Items((0..random.below(3)).map(|_| value(field, element, version, random, choose)).collect())
        }
        number => Value::Int(random.int(number)),
    }
}

/// Writes a body as the protocol guide says, with `unknown` tagged fields at the end of each struct of a flexible version.
pub(crate) fn write(message: &Message, version: i16, values: &Fields, unknown: u64) -> Vec<u8> {
    let mut writer = Writer { version, flexible: message.flexible.contains(version), unknown, out: Vec::new() };
    writer.structure(message.fields, values);
    writer.out
}

struct Writer {
    version: i16,
    flexible: bool,
    unknown: u64,
    out: Vec<u8>,
}

impl Writer {
    fn structure(&mut self, layout: &[Field], values: &Fields) {
        let get = |f: &Field| values.iter().find(|(id, _)| *id == f.id).map(|(_, v)| v.clone());
        let mut tagged: Vec<(u32, Vec<u8>)> = Vec::new();
        let version = self.version;
        for field in layout.iter().filter(|f| f.versions.contains(version)) {
            if !field.tagged.contains(version) {
                self.value(field, &field.ty, &get(field).expect("a value for every field"));
            } else if let Some(value) = get(field) {
                let outer = std::mem::take(&mut self.out);
                self.value(field, &field.ty, &value);
                tagged.push((field.tag, std::mem::replace(&mut self.out, outer)));
            }
        }
        if self.flexible {
            tagged.sort();
            // Far above any tag in use, ascending.
            tagged.extend((0..self.unknown).map(|n| (10_000 + u32::try_from(n).unwrap(), vec![0xab; 3])));
            put_uvarint(&mut self.out, u32::try_from(tagged.len()).unwrap());
            for (tag, bytes) in tagged {
                put_uvarint(&mut self.out, tag);
                put_uvarint(&mut self.out, u32::try_from(bytes.len()).unwrap());
                self.out.extend_from_slice(&bytes);
            }
        }
    }

    fn length(&mut self, width: usize, length: Option<usize>) {
        match (self.flexible, length) {
            (true, length) => put_uvarint(&mut self.out, length.map_or(0, |l| u32::try_from(l).unwrap() + 1)),
            (false, length) => {
                let length = length.map_or(-1, |l| i32::try_from(l).unwrap());
                self.out.extend_from_slice(&length.to_be_bytes()[4 - width..]);
            }
        }
    }

    fn value(&mut self, field: &Field, ty: &Type, value: &Value) {
        match (ty, value) {
            (Type::String, Value::Text(text)) => {
                self.length(2, Some(text.len()));
                self.out.extend_from_slice(text.as_bytes());
            }
            (Type::String, _) => self.length(2, None),
            (Type::Bytes | Type::Records, Value::Bytes(bytes)) => {
                self.length(4, Some(bytes.len()));
                self.out.extend_from_slice(bytes);
            }
            (Type::Bytes | Type::Records | Type::Array(_), Value::Null) => self.length(4, None),
            (Type::Struct(_), Value::Null) => self.out.push(0xff),
            (Type::Struct(layout), Value::Struct(inner)) => {
                if field.nullable.contains(self.version) {
                    self.out.push(1);
                }
                self.structure(layout, inner);
            }
            (Type::Array(Type::Struct(layout)), Value::List(elements)) => {
                self.length(4, Some(elements.len()));
                for element in elements {
                    self.structure(layout, element);
                }
            }
            (Type::Array(element), Value::Items(items)) => {
                self.length(4, Some(items.len()));
                for item in items {
                    self.value(field, element, item);
                }
            }
            (Type::Uuid, Value::Uuid(id)) => self.out.extend_from_slice(id),
            (number, Value::Int(int)) => {
                let width = match number {
                    Type::Bool | Type::Int8 => 1,
                    Type::Int16 | Type::Uint16 => 2,
                    Type::Int32 | Type::Uint32 => 4,
                    _ => 8,
                };
                self.out.extend_from_slice(&int.to_be_bytes()[8 - width..]);
            }
            (ty, value) => panic!("{}: {value:?} is no {ty:?}", field.path),
        }
    }
}
