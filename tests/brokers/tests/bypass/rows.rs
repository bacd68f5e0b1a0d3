//! The tricks, by the numbers of the table in which they are counted. Each has secrets of its own.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use tidegate_brokers::records::Record;

use Expected::{Known, Masked, Withheld};
use Topic::{Bytes, Framed, Json, Texts};

/// How records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// As JSON, with paths, names and detectors.
    Json,
    /// As bytes, with names and detectors.
    Bytes,
    /// As bytes, with detectors alone.
    Texts,
    /// By the schemas that they name, with tags, paths, names and detectors.
    Framed,
}

impl Topic {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Json => "rows-json",
            Bytes => "rows-bytes",
            Texts => "texts",
            Framed => "rows-framed",
        }
    }
}

/// What becomes of a record for who sees no class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It arrives without its secret.
    Masked,
    /// It does not arrive; what is around it does.
    Withheld,
    /// It arrives as it is, for a reason that the manual gives.
    Known(&'static str),
}

/// What must not be seen.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    /// Something that no detector knows.
    pub(crate) word: String,
    /// An address.
    pub(crate) mail: String,
    /// The number of a card.
    pub(crate) card: String,
    /// What is looked for: letters and digits that no mask leaves.
    pub(crate) marks: Vec<String>,
}

impl Secret {
    pub(crate) fn new(id: usize) -> Secret {
        let word = format!("zq{id:03}w");
        let twelve = format!("411100{id:03}000");
        let digits = format!("{twelve}000");
        let double =
            |(place, digit): (usize, u32)| if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
        let sum: u32 = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(double).sum();
        let card = format!("{digits}{}", (10 - sum % 10) % 10);
        let packed = [GZIP, ZLIB].map(super::leaks::mark);
        let marks = [word.clone(), twelve].into_iter().chain(packed).collect();
        Secret { mail: format!("{word}@example.org"), word, card, marks }
    }

    /// A text in which $word, $mail and $card stand for the secrets.
    fn put(&self, text: &str) -> String {
        text.replace("$word", &self.word).replace("$mail", &self.mail).replace("$card", &self.card)
    }
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) trick: &'static str,
    pub(crate) topic: Topic,
    pub(crate) expected: Expected,
    pub(crate) record: Record,
    pub(crate) secret: Secret,
}

impl Row {
    /// What a failure is told by.
    pub(crate) fn name(&self) -> String {
        format!("row {} in {}: {}", self.number, self.topic.name(), self.trick)
    }
}

/// Texts in which $word, $mail and $card stand for the secrets of the row.
const WRITTEN: &[(u32, &str, Topic, Expected, &str)] = &[
    (1, "a name twice", Json, Masked, r#"{"email":"none","email":"$word"}"#),
    (1, "a name twice, by path", Json, Masked, r#"{"customer":{"alias":"none","alias":"$word"}}"#),
    (2, "a group twice on the path", Json, Masked, r#"{"customer":{"x":1},"customer":{"alias":"$word"}}"#),
    (2, "a group twice, the first with it", Json, Masked, r#"{"customer":{"alias":"$word"},"customer":{}}"#),
    (3, "an escaped name", Json, Masked, r#"{"\u0065mail":"$word"}"#),
    (3, "an escaped name in capitals", Json, Masked, r#"{"\u0045MAIL":"$word"}"#),
    (3, "an escaped name on a path", Json, Masked, r#"{"custo\u006der":{"al\u0069as":"$word"}}"#),
    (
        3,
        "a name of surrogate pairs",
        Json,
        Masked,
        r#"{"\ud835\udc1e\ud835\udc26\ud835\udc1a\ud835\udc22\ud835\udc25":"$word"}"#,
    ),
    (4, "an escaped slash in a name", Json, Masked, r#"{"contact\/email":"$word"}"#),
    (4, "NUL in a name", Json, Withheld, r#"{"email\u0000x":"$word"}"#),
    (5, "a name with a capital", Json, Masked, r#"{"Email":"$word"}"#),
    (5, "a name in capitals", Json, Masked, r#"{"EMAIL":"$word"}"#),
    (5, "a path in capitals", Json, Masked, r#"{"CUSTOMER":{"Alias":"$word"}}"#),
    (6, "a name of full width", Json, Masked, r#"{"\uff45\uff4d\uff41\uff49\uff4c":"$word"}"#),
    (6, "a name half of full width, not escaped", Json, Masked, "{\"\u{ff25}mail\":\"$word\"}"),
    (6, "a path with full width", Json, Masked, "{\"customer\":{\"\u{ff41}lias\":\"$word\"}}"),
    (7, "more nesting", Json, Masked, r#"{"a":{"b":{"c":{"email":"$word"}}}}"#),
    (8, "a list around it", Json, Masked, r#"[[{"email":"$word"}]]"#),
    (8, "lists around a path", Json, Masked, r#"[{"customer":[[{"alias":"$word"}]]}]"#),
    (8, "a list in place of a text", Json, Masked, r#"{"email":["none",["$word"]]}"#),
    (9, "a number in place of a text", Json, Masked, r#"{"pan":$card}"#),
    (9, "a negative number", Json, Masked, r#"{"pan":-$card}"#),
    (9, "a number with an exponent", Json, Masked, r#"{"pan":$card0e-1}"#),
    (9, "a number that only looks like one", Json, Masked, r#"{"n":[$card]}"#),
    (9, "a number with a point that only looks like one", Json, Masked, r#"{"n":$card.0}"#),
    (9, "a number with an exponent that only looks like one", Json, Masked, r#"{"n":$card0e-1}"#),
    (10, "two fields", Json, Known("spread over several fields"), r#"{"local":"$word","domain":"example.org"}"#),
    (11, "a group in place of a text", Json, Masked, r#"{"email":{"v":"$word","w":[{"x":"$word"}]}}"#),
    (11, "a group on the path", Json, Masked, r#"{"customer":{"alias":{"x":{"y":"$word"}}}}"#),
    (12, "JSON in a text", Json, Masked, r#"{"v":"{\"email\":\"$word\"}"}"#),
    (12, "JSON in a text on a path", Json, Masked, r#"{"customer":"{\"alias\":\"$word\"}"}"#),
    (12, "JSON in a text behind a mark and blanks", Json, Masked, r#"{"v":"\ufeff \n{\"email\":\"$word\"} "}"#),
    (12, "escaped JSON in a text", Json, Masked, r#"{"v":"\u007b\u0022email\u0022:\u0022$word\u0022}"}"#),
    (12, "JSON in a text that lenient readers take", Json, Masked, r#"{"v":"{\"email\":\"$word\",\"n\":1e999}"}"#),
    (12, "JSON that is a text", Bytes, Masked, r#""{\"email\":\"$word\"}""#),
    (12, "JSON", Bytes, Masked, r#" {"email":"$word"}"#),
    (15, "percent signs", Json, Masked, r#"{"v":"mail=$word%40example%2Eorg"}"#),
    (15, "percent signs", Bytes, Masked, "mail=$word%40example%2Eorg&x=1"),
    (15, "percent signs", Texts, Masked, "mail=$word%40example%2Eorg&x=1"),
    (15, "entities", Json, Masked, r#"{"v":"<a>$word&#64;example&#x2e;org</a>"}"#),
    (15, "entities with names", Texts, Masked, "<a>$word&commat;example&period;org</a>"),
    (15, "an escaped sign", Json, Masked, r#"{"v":"$word\u0040example.org"}"#),
    (15, "an escape in a text", Texts, Masked, r"$word\x40example\u002eorg"),
    (17, "letters around a card", Json, Masked, r#"{"v":"PAN$card_x"}"#),
    (17, "digits around a card, in its field", Json, Masked, r#"{"pan":"9$card"}"#),
    (17, "a card as a number with a digit more, in its field", Json, Masked, r#"{"pan":$card1}"#),
    (
        17,
        "digits around a card",
        Json,
        Known("numbers with further digits before or after them"),
        r#"{"v":"000$card000"}"#,
    ),
    (17, "digits around a card", Texts, Known("numbers with further digits before or after them"), "000$card000"),
    (18, "a comment to the end", Json, Withheld, r#"{"a":1}//{"email":"$word"}"#),
    (18, "a comment within", Json, Withheld, r#"{"email"/**/:"$word"}"#),
    (18, "a comment of scripts", Json, Withheld, "{\"a\":1,# x\n\"email\":\"$word\"}"),
    (18, "single quotes", Json, Withheld, r#"{'email':'$word'}"#),
    (18, "a name without quotes", Json, Withheld, r#"{email:"$word"}"#),
    (18, "NaN", Json, Withheld, r#"{"a":NaN,"email":"$word"}"#),
    (18, "Infinity", Json, Withheld, r#"{"a":-Infinity,"email":"$word"}"#),
    (18, "a trailing comma", Json, Withheld, r#"{"email":"$word",}"#),
    (18, "a byte order mark", Json, Withheld, "\u{feff}{\"email\":\"$word\"}"),
    (18, "one document after another", Json, Withheld, r#"{}{"email":"$word"}"#),
    (18, "one document a line", Json, Withheld, "{\"a\":1}\n{\"email\":\"$word\"}\n"),
    (18, "a line that is not escaped", Json, Withheld, "{\"a\":\"x\ny\",\"email\":\"$word\"}"),
    (18, "single quotes", Bytes, Withheld, r#"{'email':'$word'}"#),
    (18, "a byte order mark", Bytes, Withheld, "\u{feff}{\"email\":\"$word\"}"),
    (18, "one document a line", Bytes, Withheld, "{\"a\":1}\n{\"email\":\"$word\"}\n"),
    (18, "single quotes", Texts, Masked, r#"{'m':'$mail','c':'$card'}"#),
    (19, "half a surrogate pair", Json, Withheld, r#"{"a":"\ud800","email":"$word"}"#),
    (19, "the other half in a name", Json, Withheld, r#"{"\udc00email":"$word"}"#),
    (21, "a number that no reader holds", Json, Withheld, r#"{"a":1e999,"email":"$word"}"#),
    (22, "more after the end", Json, Withheld, r#"{"email":"none"} $word"#),
    (22, "NUL and more after the end", Json, Withheld, "{\"a\":1}\0{\"email\":\"$word\"}"),
    (22, "a bracket too many", Json, Withheld, r#"{"email":"$word"}}"#),
    (22, "more after the end", Bytes, Withheld, r#"{"email":"$word"} x"#),
    (23, "a schema's number before it", Json, Withheld, "\0\0\0\0\u{7}{\"email\":\"$word\"}"),
    (23, "a schema's number before it", Bytes, Withheld, "\0\0\0\0\u{7}{\"email\":\"$word\"}"),
    (23, "a schema's number before it", Texts, Masked, "\0\0\0\0\u{7}\u{2}\u{1e}$mail"),
    (23, "Avro", Json, Withheld, "\u{2}\u{c}$word"),
    (23, "Protobuf", Json, Withheld, "\n\u{6}$word"),
    (23, "a form", Json, Withheld, "email=$word&a=1"),
    (23, "XML", Json, Withheld, "<email>$word</email>"),
    (23, "an empty value", Json, Withheld, ""),
];

/// The same text, compressed: `mail packed@example.org, card 4111111111111111`.
const GZIP: &str = "H4sIAAAAAAACA8tNzMxRKEhMzk5NcUitSMwtyEnVyy9K11FITixKUTAxRAUAJUF+aS4AAAA=";
const ZLIB: &str = "eJzLTczMUShITM5OTXFIrUjMLchJ1csvStdRSE4sSlEwMUQFAHWMDec=";

/// Collects rows.
pub(super) struct Rows(Vec<Row>);

impl Rows {
    pub(super) fn add(
        &mut self,
        (number, trick): (u32, &'static str),
        topic: Topic,
        expected: Expected,
        make: impl Fn(&Secret) -> Record,
    ) {
        let secret = Secret::new(self.0.len());
        let record = make(&secret);
        self.0.push(Row { number, trick, topic, expected, record, secret });
    }

    /// One whose value is made of the text, in which the secrets are put first.
    fn value<V: Into<Vec<u8>>>(
        &mut self,
        row: (u32, &'static str),
        topic: Topic,
        expected: Expected,
        text: &str,
        make: impl Fn(&str) -> V,
    ) {
        self.add(row, topic, expected, |secret| Record::of(make(&secret.put(text))));
    }

    /// One that is masked however it is read; in JSON as a text.
    fn everywhere<V: Into<Vec<u8>>>(&mut self, row: (u32, &'static str), text: &str, make: impl Fn(&str) -> V) {
        for topic in [Bytes, Texts] {
            self.value(row, topic, Masked, text, &make);
        }
        self.value(row, Json, Masked, text, |text| {
            quoted(&String::from_utf8(make(text).into()).expect("it is a text"))
        });
    }
}

fn quoted(text: &str) -> String {
    serde_json::json!({ "v": text }).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All rows, in order.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    for (number, trick, topic, expected, text) in WRITTEN {
        rows.value((*number, trick), *topic, *expected, text, str::to_owned);
    }
    cut_and_nested(&mut rows);
    encoded(&mut rows);
    packed(&mut rows);
    digits(&mut rows);
    no_text(&mut rows);
    large(&mut rows);
    keys_and_headers(&mut rows);
    super::framed::add(&mut rows);
    rows.0
}

fn cut_and_nested(rows: &mut Rows) {
    rows.value((10, "a text cut into a list"), Json, Masked, "$word", |word| {
        let letters: Vec<String> = word.chars().map(String::from).collect();
        serde_json::json!({ "email": letters }).to_string()
    });
    rows.value((9, "a float that only looks like one"), Json, Masked, "$card", |card| {
        let (first, others) = card.split_at(1);
        format!(r#"{{"n":{first}.{others}e15}}"#)
    });
    for depth in 2..=5 {
        rows.value((12, "JSON in a text in a text"), Json, Masked, r#"{"email":"$word"}"#, |text| {
            (0..depth).fold(text.to_owned(), |text, _| quoted(&text))
        });
    }
}

fn encoded(rows: &mut Rows) {
    let json = r#"{"id":"???>>>","email":"$word"}"#;
    for (trick, engine) in [
        ("base64 of JSON", STANDARD),
        ("base64 of JSON, unpadded", STANDARD_NO_PAD),
        ("base64url of JSON", URL_SAFE_NO_PAD),
    ] {
        rows.value((13, trick), Json, Masked, json, |text| quoted(&engine.encode(text)));
        rows.value((13, trick), Bytes, Masked, json, |text| engine.encode(text));
    }
    let pay = "pay with $card or ask $mail";
    rows.everywhere((13, "base64 of a card and an address"), pay, |text| STANDARD.encode(text));
    rows.everywhere((13, "base64 between words"), pay, |text| format!("data: {}.", URL_SAFE_NO_PAD.encode(text)));
    rows.value((13, "base64 in base64"), Json, Masked, pay, |text| quoted(&STANDARD.encode(STANDARD.encode(text))));
    rows.value((13, "base64 in base64"), Bytes, Masked, pay, |text| STANDARD.encode(STANDARD.encode(text)));
    let twice = Known("What two disguises hide");
    rows.value((13, "base64 in base64"), Texts, twice, pay, |text| STANDARD.encode(STANDARD.encode(text)));
    rows.everywhere((15, "hexadecimal"), pay, |text| hex(text.as_bytes()));
    rows.everywhere((15, "hexadecimal in capitals"), "$card", |text| hex(text.as_bytes()).to_uppercase());
    rows.everywhere((15, "each letter a percent sign"), "$mail", |text| {
        text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>()
    });
    rows.everywhere((15, "each letter an entity"), "$mail", |text| {
        text.bytes().map(|byte| format!("&#{byte};")).collect::<String>()
    });
    rows.everywhere((15, "each letter an escape"), "$mail", |text| {
        text.bytes().map(|byte| format!("\\u{byte:04x}")).collect::<String>()
    });
}

fn packed(rows: &mut Rows) {
    for (trick, packed) in [("gzip", GZIP), ("zlib", ZLIB)] {
        let bytes = STANDARD.decode(packed).expect("it is base64");
        for topic in [Json, Bytes, Texts] {
            rows.add((14, trick), topic, Withheld, |_| Record::of(bytes.clone()));
        }
        let trick = if trick == "gzip" { "gzip in base64" } else { "zlib in base64" };
        rows.add((14, trick), Json, Masked, |_| Record::of(quoted(packed)));
        rows.add((14, trick), Texts, Withheld, |_| Record::of(packed));
    }
}

fn digits(rows: &mut Rows) {
    let between = |separator: &'static str| {
        move |card: &str| {
            let four: Vec<&str> = [0..4, 4..8, 8..12, 12..16].into_iter().filter_map(|part| card.get(part)).collect();
            format!("card: {}.", four.join(separator))
        }
    };
    for (trick, separator) in [
        ("digits with blanks", " "),
        ("digits with hyphens", "-"),
        ("digits with dots", "."),
        ("digits with spaces that do not break", "\u{a0}"),
        ("digits with characters that are not seen", "\u{200b}"),
    ] {
        rows.everywhere((16, trick), "$card", between(separator));
    }
    for (trick, zero) in [("digits of another script", 0x660), ("digits of full width", 0xff10)] {
        rows.everywhere((16, trick), "$card", |card| {
            card.chars().filter_map(|c| char::from_u32(zero + c.to_digit(10)?)).collect::<String>()
        });
    }
}

fn no_text(rows: &mut Rows) {
    for (trick, bytes) in [
        ("bytes that are no UTF-8", &b"\xff"[..]),
        ("overlong UTF-8", b"\xc0\xaf"),
        ("half a pair in UTF-8", b"\xed\xa0\x80"),
    ] {
        let broken = |text: &str| [b"{\"a\":\"", bytes, b"\",\"email\":\"", text.as_bytes(), b"\"}"].concat();
        rows.value((19, trick), Json, Withheld, "$word", broken);
        rows.value((19, trick), Bytes, Withheld, "$word", broken);
        let between = |card: &str| [&card.as_bytes()[..8], bytes, &card.as_bytes()[8..]].concat();
        rows.value((19, trick), Bytes, Masked, "$card", between);
        rows.value((19, trick), Texts, Masked, "$card", between);
    }
    for (trick, order) in
        [("UTF-16", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("UTF-16, the other order", u16::to_be_bytes)]
    {
        let wide = |text: &str| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        rows.value((19, trick), Json, Withheld, r#"{"email":"$word"}"#, wide);
        rows.value((19, trick), Texts, Masked, "to $mail", wide);
    }
}

fn large(rows: &mut Rows) {
    rows.add((20, "nesting without end"), Json, Withheld, |_| Record::of("[".repeat(100_000)));
    rows.value((20, "nesting deeper than readers go"), Json, Withheld, r#"{"email":"$word"}"#, |text| {
        format!("{}{text}{}", "[".repeat(128), "]".repeat(128))
    });
    rows.value((21, "a number of 100,000 digits"), Json, Masked, "$card", |card| {
        format!(r#"{{"pan":{card}.{}}}"#, "0".repeat(100_000))
    });
    rows.value((21, "an integer of 100,000 digits"), Json, Withheld, "$word", |word| {
        format!(r#"{{"a":{},"email":"{word}"}}"#, "9".repeat(100_000))
    });
    for text in [r#"{"email":"xxx $word"}"#, r#"{"v":"xxx $mail"}"#] {
        rows.value((21, "a text of 300,000 letters"), Json, Masked, text, |text| {
            text.replace("xxx", &"x".repeat(300_000))
        });
    }
}

fn keys_and_headers(rows: &mut Rows) {
    let keyed = |rows: &mut Rows, trick, text: &str| {
        rows.add((31, trick), Json, Masked, |secret| Record::of("{}").keyed(secret.put(text)));
    };
    keyed(rows, "an address as key", "$mail");
    keyed(rows, "an address in a key", "user:$mail:7");
    keyed(rows, "JSON as key", r#"{"Email":"$word"}"#);
    keyed(rows, "JSON in a text as key", r#""{\"email\":\"$word\"}""#);
    rows.add((31, "base64 as key"), Json, Masked, |secret| {
        Record::of("{}").keyed(STANDARD.encode(secret.put("to $mail, $mail")))
    });
    rows.add((31, "JSON that is none as key"), Json, Withheld, |secret| {
        Record::of("{}").keyed(secret.put("{'email':'$word'}"))
    });
    let headed = |rows: &mut Rows, trick, headers: &[(&str, &str)]| {
        rows.add((32, trick), Json, Masked, |secret| {
            let put = |record: Record, (name, value): &(&str, &str)| record.header(name, secret.put(value));
            headers.iter().fold(Record::of("{}"), put)
        });
    };
    headed(rows, "a header by its name", &[("x-user-email", "$word"), ("trace", "1")]);
    headed(rows, "a header by its name in capitals", &[("X-User-EMAIL", "$word")]);
    headed(rows, "a header twice", &[("x-user-email", "none"), ("x-user-email", "$word"), ("trace", "1")]);
    headed(rows, "baggage", &[("baggage", "user=$mail,n=1")]);
    headed(rows, "JSON in a header", &[("context", r#"{"user":{"email":"$word"}}"#)]);
    rows.add((32, "a header's own name"), Json, Known("values of headers"), |secret| {
        Record::of("{}").header(&secret.mail, "1")
    });
    rows.add((33, "a tombstone"), Json, Masked, |secret| Record::default().keyed(secret.mail.clone()));
    rows.add((33, "a tombstone with a header"), Json, Masked, |secret| {
        Record::default().keyed("7").header("x-user-email", secret.word.clone())
    });
}
