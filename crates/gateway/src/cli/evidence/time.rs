//! Time for people: Unix milliseconds as UTC (RFC 3339), and back.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_MS: u64 = 86_400_000;

/// Now, in Unix milliseconds.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-24T04:05:06.789Z`. Times past the year 9999 are shown as their number.
pub(crate) fn rfc3339(at_ms: u64) -> String {
    match date(at_ms / DAY_MS) {
        Some(date) => {
            let ms = at_ms % DAY_MS;
            let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
            format!("{date}T{hours:02}:{minutes:02}:{seconds:02}.{:03}Z", ms % 1000)
        }
        None => format!("{at_ms} ms"),
    }
}

/// `2026-11-24 04:05:06`, for tables whose header says UTC.
pub(crate) fn short(at_ms: u64) -> String {
    let text = rfc3339(at_ms);
    match text.split_once('T').and_then(|(date, time)| Some((date, time.split_once('.')?.0))) {
        Some((date, time)) => format!("{date} {time}"),
        None => text,
    }
}

/// The date of a day since 1970-01-01, by the proleptic Gregorian calendar; up to the year 9999.
fn date(days: u64) -> Option<String> {
    // Years begin in March here, so that a leap day is the last of its year. 719,468 days lie before 1970-01-01.
    let days = days.checked_add(719_468)?;
    let (era, day) = (days / 146_097, days % 146_097);
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era.checked_mul(400)?.checked_add(year_of_era)? + u64::from(month <= 2);
    (year <= 9999).then(|| format!("{year:04}-{month:02}-{day_of_month:02}"))
}

/// A moment that a person typed: `15m`, `2h`, `7d` ago, `2026-11-24` or `2026-11-24T04:05:06Z`.
pub(crate) fn parse(text: &str, now_ms: u64) -> Option<u64> {
    let units = [('s', 1000), ('m', 60_000), ('h', 3_600_000), ('d', DAY_MS)];
    for (unit, ms) in units {
        if let Some(count) = text.strip_suffix(unit) {
            return now_ms.checked_sub(number(count)?.checked_mul(ms)?);
        }
    }
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let day = day_of(date)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 || fraction.len() > 9 {
        return None;
    }
    let ms = number(&format!("{fraction:0<3}").chars().take(3).collect::<String>())?;
    Some(day * DAY_MS + hours * 3_600_000 + minutes * 60_000 + seconds * 1000 + ms)
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Days since 1970-01-01 of a date.
fn day_of(text: &str) -> Option<u64> {
    let mut parts = text.split('-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let march_year = year - u64::from(month <= 2);
    let march_month = (month + 9) % 12;
    let days = 365 * march_year + march_year / 4 - march_year / 100
        + march_year / 400
        + (153 * march_month + 2) / 5
        + (day - 1);
    let since = days.checked_sub(719_468)?;
    // A day that its month does not have would have become another date.
    (date(since)? == text).then_some(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_399_999), "2000-02-28T23:59:59.999Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(short(1_700_000_000_123), "2023-11-14 22:13:20");
        assert_eq!(short(u64::MAX), format!("{} ms", u64::MAX));
    }

    #[test]
    fn what_is_written_can_be_read() {
        for at in [0, 1, 951_782_400_000, 1_700_000_000_123, 253_402_300_799_999] {
            assert_eq!(parse(&rfc3339(at), 0), Some(at));
        }
        assert_eq!(parse("2023-11-14", 0), Some(1_699_920_000_000));
        assert_eq!(parse("2023-11-14 22:13:20", 0), Some(1_700_000_000_000));
        assert_eq!(parse("15m", 1_000_000), Some(100_000));
        for wrong in
            ["", "x", "1", "-1d", "2023-02-29", "2023-13-01", "2023-1-1", "2023-11-14T24:00:00", "99999999999d"]
        {
            assert_eq!(parse(wrong, 1_700_000_000_000), None, "{wrong}");
        }
    }
}
