//! Numbers, durations and dates as people read them. Display truncates, never rounds up.
//!
//! Italian follows the charter: `98,50%`, `1.234`, `23/11/2026 09:10`, `8 h 45 min`; English keeps the
//! same order with a decimal point and ISO dates. Times are Europe/Rome. Nothing here reads a clock.

use collector_derive::Ratio;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::api::{Figure, Share};
use super::words::Lang;

/// The charter's civil calendar.
pub const ZONE: &str = "Europe/Rome";

fn percent(p: u64, q: u64, decimals: usize) -> String {
    Ratio { p, q }.percent_floor(decimals)
}

/// [`percent`] to four decimals, without u128 and formatting machinery where the numbers are those of
/// a year: an answer has thousands of them.
fn percent_4(p: u64, q: u64) -> String {
    let Some(scaled) = p.checked_mul(1_000_000).map(|scaled| scaled / q.max(1)) else {
        return percent(p, q, 4);
    };
    let mut digits = scaled;
    let mut text = [b'0'; 24];
    let mut at = text.len();
    // At least `0.0000`: four decimals, the point, one digit before it.
    while digits > 0 || text.len() - at < 6 {
        at -= 1;
        if text.len() - at == 5 {
            text[at] = b'.';
            continue;
        }
        text[at] = b'0' + u8::try_from(digits % 10).unwrap_or(0);
        digits /= 10;
    }
    str::from_utf8(&text[at..]).unwrap_or_default().to_owned()
}

impl Share {
    /// The share `p/q`; `None` unless `q` is above 0.
    pub fn of(p: u64, q: u64) -> Option<Self> {
        (q > 0).then(|| Self { p, q, percent: percent_4(p, q) })
    }

    /// As a float, for gauges only.
    pub fn to_f64(&self) -> f64 {
        Ratio { p: self.p, q: self.q }.to_f64()
    }

    /// `99,09%`, truncated to two decimals.
    pub fn text(&self, lang: Lang) -> String {
        format!("{}%", decimal(&percent(self.p, self.q, 2), lang))
    }

    /// Like [`Share::text`], with as many decimals (at most six) as it takes to differ from `target`,
    /// so that 98.0003 % beside a promise of > 98 % does not read as exactly 98 %.
    pub fn text_beside(&self, target: Option<&Self>, lang: Lang) -> String {
        let exact = |share: &Self| Ratio { p: share.p, q: share.q };
        let Some(target) = target.filter(|target| exact(target) != exact(self)) else {
            return self.text(lang);
        };
        let shown = |share: &Self, decimals| percent(share.p, share.q, decimals);
        let decimals = (2..6).find(|&decimals| shown(self, decimals) != shown(target, decimals)).unwrap_or(6);
        format!("{}%", decimal(&shown(self, decimals), lang))
    }

    /// `98%` or `99,95%`: the fewest decimals that say it, at most four.
    pub fn short(&self, lang: Lang) -> String {
        let text = percent(self.p, self.q, 4);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        format!("{}%", decimal(text, lang))
    }
}

impl Figure {
    /// up / (up + down), or the bound that the charter reads as the headline.
    pub fn head(&self) -> Option<&Share> {
        match self.unknown_as.as_deref() {
            Some("down") => self.lower_bound.as_ref(),
            Some("up") => self.upper_bound.as_ref(),
            _ => self.availability.as_ref(),
        }
    }

    /// The headline: one number, or the range of the bounds when too little was observed, or a word.
    pub fn headline(&self, target: Option<&Share>, lang: Lang) -> String {
        match (self.head(), &self.lower_bound, &self.upper_bound) {
            (Some(_), Some(lower), Some(upper)) if self.range => {
                format!("{} – {}", lower.text_beside(target, lang), upper.text_beside(target, lang))
            }
            (Some(availability), ..) => availability.text_beside(target, lang),
            (None, ..) => lang.labels().nothing_measured.to_owned(),
        }
    }
}

fn decimal(number: &str, lang: Lang) -> String {
    match lang {
        Lang::It => number.replace('.', ","),
        Lang::En => number.to_owned(),
    }
}

/// A whole number with groups of three: `1.234` in Italian, `1,234` in English.
pub(crate) fn grouped(number: u64, lang: Lang) -> String {
    let separator = match lang {
        Lang::It => '.',
        Lang::En => ',',
    };
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// `8 h 45 min`, `12 min 05 s`, `42 s`, `< 1 s`, `0 s`; truncated to the smaller unit.
pub(crate) fn duration(ms: u64, lang: Lang) -> String {
    let seconds = ms / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match seconds {
        0 if ms == 0 => "0 s".to_owned(),
        0 => "< 1 s".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {:02} s", seconds % 60),
        3600.. => format!("{} h {minutes:02} min", grouped(hours, lang)),
    }
}

/// `512 B`, `12 KB`, `3 MB`: decimal units, truncated.
pub(crate) fn bytes(bytes: u64, lang: Lang) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes / 1_000),
        1_000_000.. => format!("{} MB", grouped(bytes / 1_000_000, lang)),
    }
}

/// `+12 ms`, `-3,4 s`: a clock's offset, with its sign.
pub(crate) fn offset(ms: i64, lang: Lang) -> String {
    let sign = if ms < 0 { '\u{2212}' } else { '+' };
    let size = ms.unsigned_abs();
    match size {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{sign}{size} ms"),
        1_000.. => format!("{sign}{} s", decimal(&format!("{}.{}", size / 1_000, size / 100 % 10), lang)),
    }
}

/// The civil time of an instant in Europe/Rome; UTC should the bundled zone be missing.
pub(crate) fn civil(ms: i64) -> Zoned {
    let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone)
}

/// `23/11/2026 09:10` in Italian, `2026-11-23 09:10` in English.
pub(crate) fn date_time(ms: i64, lang: Lang) -> String {
    let form = match lang {
        Lang::It => "%d/%m/%Y %H:%M",
        Lang::En => "%Y-%m-%d %H:%M",
    };
    civil(ms).strftime(form).to_string()
}

/// `23/11/2026 09:10 CET`: for mails, which are read long after, and in the night in which an hour comes twice.
pub(crate) fn local(ms: i64, lang: Lang) -> String {
    format!("{} {}", date_time(ms, lang), civil(ms).strftime("%Z"))
}

/// `23/11/2026 09:10 +01:00`, with seconds where it has some: an instant as it was asked about, so that two of
/// one day can be told apart on paper.
pub(crate) fn instant(ms: i64, lang: Lang) -> String {
    let form = match (lang, ms % 60_000 == 0) {
        (Lang::It, true) => "%d/%m/%Y %H:%M %:z",
        (Lang::It, false) => "%d/%m/%Y %H:%M:%S %:z",
        (Lang::En, true) => "%Y-%m-%d %H:%M %:z",
        (Lang::En, false) => "%Y-%m-%d %H:%M:%S %:z",
    };
    civil(ms).strftime(form).to_string()
}

/// `09:10:05` on the day of `now_ms`, so that one sees it move; day and time otherwise.
pub(crate) fn near(ms: i64, now_ms: i64, lang: Lang) -> String {
    if civil(ms).date() == civil(now_ms).date() {
        civil(ms).strftime("%H:%M:%S").to_string()
    } else {
        date_time(ms, lang)
    }
}

/// `23/11/2026` in Italian, `2026-11-23` in English.
pub(crate) fn date(ms: i64, lang: Lang) -> String {
    let form = match lang {
        Lang::It => "%d/%m/%Y",
        Lang::En => "%Y-%m-%d",
    };
    civil(ms).strftime(form).to_string()
}

/// ISO 8601 in UTC, to the millisecond: `2026-11-23T08:10:00.000Z`.
pub(crate) fn iso(ms: i64) -> String {
    let instant = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{instant:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_decimals_are_the_exact_ones_cut() {
        for (p, q) in [
            (0, 1),
            (1, 1),
            (1, 3),
            (9_799_999_683, 10_000_000_000),
            (7, 5),
            (1, 3_000_000),
            (u64::MAX - 1, u64::MAX),
        ] {
            assert_eq!(percent_4(p, q), percent(p, q, 4), "{p}/{q}");
        }
        let mut p = 1_u64;
        for q in (1..60).map(|power| 3_u64.pow(power % 40) + u64::from(power)) {
            p = p.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let p = p % q.saturating_mul(2);
            assert_eq!(percent_4(p, q), percent(p, q, 4), "{p}/{q}");
        }
    }

    #[test]
    fn a_share_that_is_not_its_target_does_not_look_like_it() {
        let target = Share::of(98, 100).unwrap();
        for (p, q, shown) in [
            (980_003, 1_000_000, "98,0003%"),
            (98, 100, "98,00%"),
            (99, 100, "99,00%"),
            (979_999, 1_000_000, "97,99%"),
            (9_799_999, 10_000_000, "97,99%"),
        ] {
            assert_eq!(Share::of(p, q).unwrap().text_beside(Some(&target), Lang::It), shown);
        }
        assert_eq!(target.short(Lang::It), "98%");
        assert_eq!(Share::of(9_995, 10_000).unwrap().short(Lang::It), "99,95%");
        assert_eq!(Share::of(1, 1).unwrap().short(Lang::En), "100%");
    }

    #[test]
    fn durations_read_as_in_the_charter() {
        for (ms, shown) in [
            (0, "0 s"),
            (999, "< 1 s"),
            (59_999, "59 s"),
            (60_000, "1 min 00 s"),
            (31_500_000, "8 h 45 min"),
            (630_720_000 * 24, "4.204 h 48 min"),
        ] {
            assert_eq!(duration(ms, Lang::It), shown);
        }
    }

    #[test]
    fn instants_are_rome_for_people_and_utc_for_programs() {
        let ms = 1_795_421_400_000; // 2026-11-23T08:10:00Z
        assert_eq!(date_time(ms, Lang::It), "23/11/2026 09:10");
        assert_eq!(date_time(ms, Lang::En), "2026-11-23 09:10");
        assert_eq!(instant(ms, Lang::It), "23/11/2026 09:10 +01:00");
        assert_eq!(local(ms, Lang::It), "23/11/2026 09:10 CET");
        assert_eq!(local(ms - 120 * 86_400_000, Lang::En), "2026-07-26 10:10 CEST");
        assert_eq!(instant(ms + 7_000, Lang::En), "2026-11-23 09:10:07 +01:00");
        assert_eq!(near(ms, ms + 60_000, Lang::It), "09:10:00");
        assert_eq!(near(ms, ms + 86_400_000, Lang::It), "23/11/2026 09:10");
        assert_eq!(iso(ms), "2026-11-23T08:10:00.000Z");
    }

    #[test]
    fn numbers_group_by_three() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1.000"), (1_234_567, "1.234.567")] {
            assert_eq!(grouped(number, Lang::It), shown);
        }
        assert_eq!(grouped(1_234, Lang::En), "1,234");
    }
}
