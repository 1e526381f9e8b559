//! Dates as they travel: several shapes, all UTC, all to the second.

use std::time::{Duration, UNIX_EPOCH};

use cosette_types::Timestamp;

/// `Fri, 10 Apr 2020 18:17:25 GMT`: headers.
pub fn rfc1123(time: Timestamp) -> String {
    // Beyond the year 9999 the form ends; such a time can only come from a broken clock.
    let secs = time.secs().min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(secs))
}

/// `2020-03-25T10:07:14.000Z`: listings, and the result of a copy.
pub fn iso(time: Timestamp) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = Civil::of(time);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// `2019-05-24T11:49:50Z`: a bucket's creation, the result of a part copy.
pub fn iso_seconds(time: Timestamp) -> String {
    iso(time).replace(".000Z", "Z")
}

/// Reads the date of an HTTP header, in any of its three legal forms.
pub fn parse_http(text: &str) -> Option<Timestamp> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    Some(Timestamp::from_secs(
        time.duration_since(UNIX_EPOCH).ok()?.as_secs(),
    ))
}

/// Reads the date of a condition that a client has written: in one of the forms of HTTP, also where it
/// names UTC by `UTC`, `+0000` or `-0000` as mail does; or as results of copies have it.
pub fn parse_condition(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let zone = ["UTC", "+0000", "-0000"].iter();
    let plain = zone.filter_map(|zone| text.strip_suffix(zone)).next();
    plain
        .and_then(|plain| parse_http(&format!("{plain}GMT")))
        .or_else(|| parse(text.strip_suffix("+00:00").unwrap_or(text)))
}

/// Reads a date in any shape that a store is known to write: ISO with and without a fraction and
/// `Z`, the forms of HTTP headers (which include `Wed Jan 18 16:04:17 2017`).
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    parse_iso(text).or_else(|| parse_http(text))
}

fn parse_iso(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once('T')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let plain = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    let real = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !plain || !real {
        return None;
    }
    let secs = days_before(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp::from_secs(secs))
}

fn numbers(text: &str, between: char) -> Option<[u64; 3]> {
    let mut pieces = text.split(between).map(|piece| {
        let digits = (1..=4).contains(&piece.len()) && piece.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| piece.parse().ok())?
    });
    let three = [pieces.next()??, pieces.next()??, pieces.next()??];
    pieces.next().is_none().then_some(three)
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date, in the calendar that begins its years in March, so that leap days
/// come last (the published "days from civil" derivation).
const fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    const fn of(time: Timestamp) -> Self {
        let secs = time.secs();
        let days = secs / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Self {
            year: era * 400 + year_of_era + (month <= 2) as u64,
            month,
            day: of_year - (153 * march_month + 2) / 5 + 1,
            hour: secs % 86_400 / 3_600,
            minute: secs % 3_600 / 60,
            second: secs % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_documented_shapes_mean_the_same() {
        let time = Timestamp::from_secs(1_586_542_645);
        assert_eq!(rfc1123(time), "Fri, 10 Apr 2020 18:17:25 GMT");
        assert_eq!(iso(time), "2020-04-10T18:17:25.000Z");
        assert_eq!(iso_seconds(time), "2020-04-10T18:17:25Z");
        for shape in [
            "Fri, 10 Apr 2020 18:17:25 GMT",
            "Fri Apr 10 18:17:25 2020",
            "2020-04-10T18:17:25.000Z",
            "2020-04-10T18:17:25.123Z",
            "2020-04-10T18:17:25Z",
            "2020-04-10T18:17:25",
        ] {
            assert_eq!(parse(shape), Some(time), "{shape}");
        }
        for bad in [
            "",
            "now",
            "2020-04-31T00:00:00Z",
            "2020-13-01T00:00:00Z",
            "2020-04-10",
            "2020-04-10T24:00:00Z",
            "2020-04-10T18:17Z",
            "2020-04-10T18:17:25.Z",
            "-1",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_condition_may_be_a_date_of_http_of_mail_or_of_a_result() {
        let time = Timestamp::from_secs(1_586_542_645);
        for shape in [
            "Fri, 10 Apr 2020 18:17:25 GMT",
            "Fri, 10 Apr 2020 18:17:25 UTC",
            "Fri, 10 Apr 2020 18:17:25 +0000",
            "Fri, 10 Apr 2020 18:17:25 -0000",
            "Friday, 10-Apr-20 18:17:25 GMT",
            "2020-04-10T18:17:25.000Z",
            "2020-04-10T18:17:25Z",
            "2020-04-10T18:17:25.123456+00:00",
        ] {
            assert_eq!(parse_condition(shape), Some(time), "{shape}");
        }
        for bad in [
            "",
            "yesterday",
            "1586542645",
            "Fri, 10 Apr 2020 18:17:25 +0800",
            "2020-04-10T18:17:25+08:00",
            "+0000",
        ] {
            assert_eq!(parse_condition(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_calendar_agrees_with_an_independent_one() {
        // httpdate has its own calendar: both must name the same day, leap years included.
        for day in (0..120_000_u64).step_by(17) {
            let time = Timestamp::from_secs(day * 86_400 + 3_723);
            assert_eq!(parse(&iso(time)), Some(time));
            assert_eq!(parse_http(&rfc1123(time)), parse(&iso(time)));
        }
    }
}
