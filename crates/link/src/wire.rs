//! Bytes to messages and back, by hand: few fields, each with its bound.

use crate::message::{
    Broker, ClusterOffer, Handover, Hello, Isolation, Message, Mode, Number, Open, Reason, Refused, Welcome,
};
use crate::{FRAME_MAX, LIST_MAX, LinkError, MAGIC, NAME_MAX, TEXT_MAX, VERSION};

const HELLO: u8 = 1;
const WELCOME: u8 = 2;
const OPEN: u8 = 3;
const REFUSED: u8 = 4;
const HANDOVER: u8 = 5;
const PING: u8 = 6;
const PONG: u8 = 7;

/// The length of the frame that follows a length field.
///
/// # Errors
/// [`LinkError::Length`] when it is zero or above [`FRAME_MAX`].
pub fn frame_length(field: [u8; 4]) -> Result<usize, LinkError> {
    let length = u32::from_be_bytes(field);
    match usize::try_from(length) {
        Ok(usable @ 1..=FRAME_MAX) => Ok(usable),
        _ => Err(LinkError::Length(length.into())),
    }
}

/// The whole frame of a message, with its length field.
///
/// # Errors
/// [`LinkError::TooLong`] when a field is longer than its bound, [`LinkError::Length`] when all together are.
pub fn encode(message: &Message) -> Result<Vec<u8>, LinkError> {
    let mut out = Writer(vec![0; 4]);
    match message {
        Message::Hello(hello) => write_hello(&mut out, hello)?,
        Message::Welcome(welcome) => {
            out.begin(WELCOME);
            out.text(&welcome.gateway, NAME_MAX, "gateway")?;
            out.bytes(&welcome.incarnation);
        }
        Message::Open(open) => {
            out.byte(OPEN);
            out.bytes(&open.number.0);
            out.text(&open.cluster, NAME_MAX, "cluster")?;
            match &open.broker {
                Broker::Bootstrap => out.byte(0),
                Broker::At { host, port } => {
                    out.byte(1);
                    out.text(host, NAME_MAX, "host")?;
                    out.bytes(&port.to_be_bytes());
                }
            }
            out.bytes(&open.session);
            out.bytes(&open.deadline_ms.to_be_bytes());
        }
        Message::Refused(refused) => {
            out.byte(REFUSED);
            out.bytes(&refused.number.0);
            out.byte(reason_code(refused.reason));
            out.text(&refused.text, TEXT_MAX, "text")?;
        }
        Message::Handover(handover) => {
            out.begin(HANDOVER);
            out.bytes(&handover.number.0);
            out.byte(mode_code(handover.mode));
            out.text(&handover.peer, NAME_MAX + 8, "peer")?;
            out.byte(handover.tls.into());
            out.bytes(&handover.lifetime_ms.to_be_bytes());
        }
        Message::Ping(value) => out.value(PING, *value),
        Message::Pong(value) => out.value(PONG, *value),
    }
    out.finish()
}

fn write_hello(out: &mut Writer, hello: &Hello) -> Result<(), LinkError> {
    out.begin(HELLO);
    out.text(&hello.agent, NAME_MAX, "agent")?;
    out.count(hello.clusters.len(), "clusters")?;
    for cluster in &hello.clusters {
        out.text(&cluster.name, NAME_MAX, "cluster")?;
        out.byte(mode_code(cluster.mode));
        out.count(cluster.bootstrap.len(), "bootstrap")?;
        for address in &cluster.bootstrap {
            out.text(address, NAME_MAX + 8, "bootstrap")?;
        }
    }
    let facts = hello.isolation;
    out.bytes(&facts.uid.to_be_bytes());
    for fact in [facts.no_dump, facts.no_new_privileges, facts.no_core, facts.descriptors_closed] {
        out.byte(fact.into());
    }
    Ok(())
}

/// The message of one frame, without its length field.
///
/// # Errors
/// Any [`LinkError`] except [`LinkError::Unexpected`]; a frame is read to its last byte.
pub fn decode(frame: &[u8]) -> Result<Message, LinkError> {
    if frame.is_empty() || frame.len() > FRAME_MAX {
        return Err(LinkError::Length(frame.len().try_into().unwrap_or(u64::MAX)));
    }
    let mut input = Reader(frame);
    let message = match input.byte("kind")? {
        HELLO => Message::Hello(read_hello(&mut input)?),
        WELCOME => {
            input.begin()?;
            Message::Welcome(Welcome {
                gateway: input.text(NAME_MAX, "gateway")?,
                incarnation: input.array("incarnation")?,
            })
        }
        OPEN => Message::Open(read_open(&mut input)?),
        REFUSED => Message::Refused(Refused {
            number: Number(input.array("number")?),
            reason: input.reason()?,
            text: input.text(TEXT_MAX, "text")?,
        }),
        HANDOVER => {
            input.begin()?;
            Message::Handover(Handover {
                number: Number(input.array("number")?),
                mode: input.mode()?,
                peer: input.text(NAME_MAX + 8, "peer")?,
                tls: input.flag("tls")?,
                lifetime_ms: u64::from_be_bytes(input.array("lifetime")?),
            })
        }
        PING => Message::Ping(u64::from_be_bytes(input.array("ping")?)),
        PONG => Message::Pong(u64::from_be_bytes(input.array("pong")?)),
        _ => return Err(LinkError::Value("kind")),
    };
    if input.0.is_empty() { Ok(message) } else { Err(LinkError::Trailing(input.0.len())) }
}

fn read_hello(input: &mut Reader<'_>) -> Result<Hello, LinkError> {
    input.begin()?;
    let agent = input.text(NAME_MAX, "agent")?;
    let mut clusters: Vec<ClusterOffer> = Vec::new();
    for _ in 0..input.count("clusters")? {
        let name = input.text(NAME_MAX, "cluster")?;
        if clusters.iter().any(|other| other.name == name) {
            return Err(LinkError::Value("cluster"));
        }
        let mode = input.mode()?;
        let mut bootstrap = Vec::new();
        for _ in 0..input.count("bootstrap")? {
            bootstrap.push(input.text(NAME_MAX + 8, "bootstrap")?);
        }
        clusters.push(ClusterOffer { name, mode, bootstrap });
    }
    let isolation = Isolation {
        uid: u32::from_be_bytes(input.array("uid")?),
        no_dump: input.flag("no_dump")?,
        no_new_privileges: input.flag("no_new_privileges")?,
        no_core: input.flag("no_core")?,
        descriptors_closed: input.flag("descriptors_closed")?,
    };
    Ok(Hello { agent, clusters, isolation })
}

fn read_open(input: &mut Reader<'_>) -> Result<Open, LinkError> {
    Ok(Open {
        number: Number(input.array("number")?),
        cluster: input.text(NAME_MAX, "cluster")?,
        broker: match input.byte("broker")? {
            0 => Broker::Bootstrap,
            1 => Broker::At { host: input.text(NAME_MAX, "host")?, port: u16::from_be_bytes(input.array("port")?) },
            _ => return Err(LinkError::Value("broker")),
        },
        session: input.array("session")?,
        deadline_ms: u32::from_be_bytes(input.array("deadline")?),
    })
}

fn mode_code(mode: Mode) -> u8 {
    match mode {
        Mode::Relay => 0,
        Mode::Socket => 1,
    }
}

fn reason_code(reason: Reason) -> u8 {
    match reason {
        Reason::NotAllowed => 0,
        Reason::Unreachable => 1,
        Reason::LoginFailed => 2,
        Reason::TlsFailed => 3,
        Reason::Busy => 4,
        Reason::BadNumber => 5,
        Reason::Internal => 6,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value);
    }

    fn value(&mut self, kind: u8, value: u64) {
        self.byte(kind);
        self.bytes(&value.to_be_bytes());
    }

    fn begin(&mut self, kind: u8) {
        self.byte(kind);
        self.bytes(&MAGIC);
        self.bytes(&VERSION.to_be_bytes());
    }

    fn text(&mut self, value: &str, most: usize, field: &'static str) -> Result<(), LinkError> {
        let length = u16::try_from(value.len()).ok().ok_or(LinkError::TooLong(field))?;
        if value.len() > most {
            return Err(LinkError::TooLong(field));
        }
        if value.chars().any(char::is_control) {
            return Err(LinkError::Value(field)); // the other side would refuse the whole frame
        }
        self.bytes(&length.to_be_bytes());
        self.bytes(value.as_bytes());
        Ok(())
    }

    fn count(&mut self, value: usize, field: &'static str) -> Result<(), LinkError> {
        match u8::try_from(value) {
            Ok(count) if value <= LIST_MAX => {
                self.byte(count);
                Ok(())
            }
            _ => Err(LinkError::TooLong(field)),
        }
    }

    fn finish(mut self) -> Result<Vec<u8>, LinkError> {
        let length = self.0.len().saturating_sub(4);
        let field = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        frame_length(field)?;
        for (place, byte) in self.0.iter_mut().zip(field) {
            *place = byte;
        }
        Ok(self.0)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], LinkError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(LinkError::Truncated(field))?;
        self.0 = rest;
        Ok(*head)
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, LinkError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    fn flag(&mut self, field: &'static str) -> Result<bool, LinkError> {
        match self.byte(field)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(LinkError::Value(field)),
        }
    }

    fn begin(&mut self) -> Result<(), LinkError> {
        if self.array("magic").ok() != Some(MAGIC) {
            return Err(LinkError::Magic);
        }
        match u16::from_be_bytes(self.array("version")?) {
            VERSION => Ok(()),
            theirs => Err(LinkError::Version { theirs }),
        }
    }

    fn text(&mut self, most: usize, field: &'static str) -> Result<String, LinkError> {
        let length = usize::from(u16::from_be_bytes(self.array(field)?));
        if length > most {
            return Err(LinkError::Value(field));
        }
        let (head, rest) = self.0.split_at_checked(length).ok_or(LinkError::Truncated(field))?;
        self.0 = rest;
        let text = std::str::from_utf8(head).ok().ok_or(LinkError::Value(field))?;
        // what comes from the other side ends in logs: no line breaks, no terminal codes
        if text.chars().any(char::is_control) { Err(LinkError::Value(field)) } else { Ok(text.to_owned()) }
    }

    fn count(&mut self, field: &'static str) -> Result<usize, LinkError> {
        let count = usize::from(self.byte(field)?);
        if count > LIST_MAX { Err(LinkError::Value(field)) } else { Ok(count) }
    }

    fn mode(&mut self) -> Result<Mode, LinkError> {
        match self.byte("mode")? {
            0 => Ok(Mode::Relay),
            1 => Ok(Mode::Socket),
            _ => Err(LinkError::Value("mode")),
        }
    }

    fn reason(&mut self) -> Result<Reason, LinkError> {
        let code = usize::from(self.byte("reason")?);
        Reason::ALL.get(code).copied().ok_or(LinkError::Value("reason"))
    }
}
