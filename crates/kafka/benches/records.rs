//! How fast record batches are read and rewritten, as lines of JSON: `cargo bench -p tidegate-kafka --bench records -- [KiB a batch]`.
//!
//! Batches of JSON texts, each some hundred bytes, as many as a fetch of 8 MiB brings. `walk` reads each record and leaves it as it
//! is; `one` changes one record of each batch, `all` each record, to a text as long. Megabytes are 10^6 bytes of records before they
//! are packed; `ratio` says how well they came packed, `ratio_anew` how well they left. `copy` is what a copy of the packed bytes and their CRC-32C take: the least that any reading gate would do. Each
//! figure is the median of turns that go round all of them.

#[path = "../tests/support/batches.rs"]
#[expect(
    dead_code,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it is the tests' own, and they use the rest"
)]
mod batches;

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use batches::{How, Rec, batch};
use tidegate_kafka::records::{Changed, Codecs, Limits, NewRecord, Outcome, Record, Rewrite, rewrite};

const HOWS: [How; 6] = [How::None, How::Gzip, How::Xerial, How::RawSnappy, How::Lz4, How::Zstd];
const ALL_BYTES: usize = 8 << 20;
const TURNS: usize = 7;

/// Changes every so many records.
struct Every(usize, usize);

impl Rewrite for Every {
    fn record(&mut self, record: &Record<'_>, new: &mut NewRecord) -> Outcome {
        let Every(every, seen) = self;
        *seen += 1;
        if *every == 0 || !seen.is_multiple_of(*every) {
            return Outcome::Same;
        }
        new.value.extend_from_slice(record.value.unwrap_or_default());
        if let Some(digits) = new.value.get_mut(40..56) {
            digits.fill(b'*');
        }
        Outcome::Changed(Changed { value: true, ..Changed::default() })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo adds words of its own
    let kib = std::env::args().find_map(|word| word.parse::<usize>().ok()).unwrap_or(64).max(1);
    let records = text_records(kib << 10);
    let per_batch = records.len();
    let plain_bytes = batch(0, records.clone()).plain().len();
    let batches = (ALL_BYTES / plain_bytes).max(1);
    for how in HOWS {
        let packed = batch(0, records.clone()).bytes(how).repeat(batches);
        let mut out = Vec::new();
        let mut codecs = Codecs::default();
        let mut run = |every: usize| -> Result<f64, Box<dyn std::error::Error>> {
            out.clear();
            let begun = Instant::now();
            let summary = rewrite(&packed, &Limits::default(), &mut codecs, &mut Every(every, 0), black_box(&mut out))?;
            let took = begun.elapsed().as_secs_f64();
            let expected = (per_batch * batches).checked_div(every).unwrap_or(0);
            if summary.changed != u64::try_from(expected)? {
                return Err(format!("{} records changed, not {expected}", summary.changed).into());
            }
            Ok(took)
        };
        let (mut walk, mut one, mut all, mut copy) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut copied = Vec::with_capacity(packed.len());
        for _turn in 0..TURNS {
            walk.push(run(0)?);
            one.push(run(per_batch)?);
            all.push(run(1)?);
            let begun = Instant::now();
            copied.clear();
            copied.extend_from_slice(black_box(&packed));
            for batch in copied.chunks(packed.len() / batches) {
                black_box(crc32c::crc32c(batch));
            }
            copy.push(begun.elapsed().as_secs_f64());
        }
        let (walk, one, all, copy) = (median(walk), median(one), median(all), median(copy));
        let plain = (plain_bytes * batches) as f64;
        let mb = |seconds: f64| (plain / seconds / 1e6).round();
        let line = format!(
            "{{\"codec\": \"{how:?}\", \"batches\": {batches}, \"records\": {}, \"ratio\": {:.2}, \"ratio_anew\": {:.2}, \"copy_mb_s\": {}, \
             \"walk_mb_s\": {}, \"one_mb_s\": {}, \"all_mb_s\": {}, \"walk_copies\": {:.1}, \"all_copies\": {:.1}, \
             \"all_us_a_batch\": {:.1}}}",
            per_batch * batches,
            plain / packed.len() as f64,
            plain / out.len() as f64,
            mb(copy),
            mb(walk),
            mb(one),
            mb(all),
            walk / copy,
            all / copy,
            all * 1e6 / batches as f64,
        );
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

/// Records of about `bytes` together.
fn text_records(bytes: usize) -> Vec<Rec> {
    let mut noise = 7_u32;
    let mut next = move || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise >> 8
    };
    let (mut records, mut left) = (Vec::new(), bytes);
    while left > 0 {
        let number = i32::try_from(records.len()).unwrap_or(i32::MAX);
        let (a, b, c) = (next(), next(), next());
        let value = format!(
            "{{\"id\":{a},\"customer\":\"c-{b:06}\",\"card\":\"4{a:08}{b:07}\",\"email\":\"person.{c}@example.org\",\
             \"amount\":{}.{},\"currency\":\"EUR\",\"note\":\"order {number} of customer {b}, to be sent by post\"}}",
            c % 10_000,
            a % 100,
        );
        let record = batches::rec(number, &format!("c-{b:06}"), &value);
        left = left.saturating_sub(value.len() + 20);
        records.push(record);
    }
    records
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
