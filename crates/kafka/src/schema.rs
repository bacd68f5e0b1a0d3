//! What Kafka's messages look like on the wire, as data: for each key and direction the fields, their types and the versions that
//! have them. The table in `schema/messages.rs` is compiled from the message definitions of a pinned Kafka release.

// Generated: one table row a line.
#[rustfmt::skip]
pub mod messages;

/// A field of one message, unique within that message whatever its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldId(pub u16);

/// An inclusive range of versions; empty when `min > max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// First version.
    pub min: i16,
    /// Last version.
    pub max: i16,
}

impl Versions {
    /// Whether `version` lies in the range.
    #[must_use]
    pub const fn contains(self, version: i16) -> bool {
        version >= self.min && version <= self.max
    }
}

/// Which way a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Client to broker.
    Request,
    /// Broker to client.
    Response,
}

/// The wire types of the Kafka protocol guide.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// One byte, 0 or 1.
    Bool,
    /// One byte.
    Int8,
    /// Two bytes.
    Int16,
    /// Two bytes, unsigned.
    Uint16,
    /// Four bytes.
    Int32,
    /// Four bytes, unsigned.
    Uint32,
    /// Eight bytes.
    Int64,
    /// Eight bytes, IEEE 754.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// UTF-8 with an int16 or varint length.
    String,
    /// Bytes with an int32 or varint length.
    Bytes,
    /// Record batches, framed as `Bytes`.
    Records,
    /// Fields in order.
    Struct(&'static [Field]),
    /// Elements with an int32 or varint count.
    Array(&'static Type),
}

/// What a field holds when nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// 0, false, the empty string or the empty array.
    Zero,
    /// Null.
    Null,
    /// A number (1 stands for true).
    Int(i64),
}

/// What a field names, as the definitions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// Nothing in particular.
    None,
    /// A broker's node id.
    BrokerId,
    /// A group id.
    GroupId,
    /// A producer id.
    ProducerId,
    /// A topic's name.
    TopicName,
    /// A transactional id.
    TransactionalId,
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its number within the message.
    pub id: FieldId,
    /// Its names from the top, joined by dots, as in the definitions.
    pub path: &'static str,
    /// Its type.
    pub ty: Type,
    /// The versions that have it.
    pub versions: Versions,
    /// The versions in which it may be null.
    pub nullable: Versions,
    /// The versions in which it is a tagged field.
    pub tagged: Versions,
    /// Its tag there.
    pub tag: u32,
    /// What it holds when nobody sets it.
    pub default: Default,
    /// What it names.
    pub entity: Entity,
}

impl Field {
    /// The last name of the path.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    const fn nullable(mut self, versions: Versions) -> Self {
        self.nullable = versions;
        self
    }

    const fn tagged(mut self, versions: Versions, tag: u32) -> Self {
        self.tagged = versions;
        self.tag = tag;
        self
    }

    const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    const fn entity(mut self, entity: Entity) -> Self {
        self.entity = entity;
        self
    }
}

/// One request or response.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// The API key.
    pub api_key: i16,
    /// Request or response.
    pub direction: Direction,
    /// The definitions' name, such as `FetchRequest`.
    pub name: &'static str,
    /// The versions that the definitions describe.
    pub versions: Versions,
    /// The versions with compact lengths and tagged fields (KIP-482).
    pub flexible: Versions,
    /// The fields in order.
    pub fields: &'static [Field],
}

/// The table's row for a key and direction, or `None` when the definitions do not know the key.
#[must_use]
pub fn message(api_key: i16, direction: Direction) -> Option<&'static Message> {
    let order = (api_key, direction == Direction::Response);
    let found = messages::MESSAGES.binary_search_by_key(&order, |m| (m.api_key, m.direction == Direction::Response));
    messages::MESSAGES.get(found.ok()?)
}

const NEVER: Versions = Versions { min: 1, max: 0 };

const fn v(min: i16, max: i16) -> Versions {
    Versions { min, max }
}

const fn from(min: i16) -> Versions {
    Versions { min, max: i16::MAX }
}

const fn f(id: u16, path: &'static str, ty: Type, versions: Versions) -> Field {
    Field {
        id: FieldId(id),
        path,
        ty,
        versions,
        nullable: NEVER,
        tagged: NEVER,
        tag: 0,
        default: Default::Zero,
        entity: Entity::None,
    }
}
