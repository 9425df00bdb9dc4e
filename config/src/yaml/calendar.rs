//! `calendars:`: when an office is open.

use jiff::civil::Date;

use crate::calendar::{DAYS, Holiday, Opening, Week};
use crate::text::{Text, say};
use crate::yaml::node::{Node, Value};
use crate::yaml::schema::{self, Definitions};
use crate::yaml::shape::{At, Report, Shape, shape};

shape! {
    /// One entry of `calendars:`
    CalendarKeys {
        /// Weekly hours: `24x7`, `mon-fri 08:00-14:00, tue 15:00-18:00`, or a map from days to hours.
        hours: required Week,
        /// Days on which nobody works: `italy`, `05-04 San Paolino`, `2027-12-24 ponte`.
        holidays: optional Vec<At<Holiday>>,
        /// Days that an act closes.
        closed: optional Vec<At<ClosedKeys>>,
        /// Days that an act opens.
        open: optional Vec<At<OpenKeys>>,
        /// Which act sets the hours.
        act: optional String,
        /// For whoever reads the file.
        note: checked String,
    }
}

shape! {
    /// One entry of `closed:` of a calendar.
    ClosedKeys {
        /// Which day.
        on: required Date,
        /// By which act.
        act: optional String,
    }
}

shape! {
    /// One entry of `open:` of a calendar.
    OpenKeys {
        /// Which day.
        on: required Date,
        /// From when to when: `09:00-12:00`, or a list.
        hours: required Vec<Opening>,
        /// By which act.
        act: optional String,
    }
}

impl Shape for Week {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let week = node.scalar().and_then(Self::parse);
            return report.expected(
                week,
                node,
                say!(
                    "hours such as `24x7` or `mon-fri 08:00-14:00, tue 15:00-18:00`, without overlap",
                    "un orario come `24x7` o `mon-fri 08:00-14:00, tue 15:00-18:00`, senza sovrapposizioni"
                ),
            );
        };
        let mut week = Self(Default::default());
        let mut sound = true;
        for entry in entries {
            let hours: Vec<Opening> = Vec::read(&entry.node, report)?;
            for opening in hours {
                if week.add(&entry.key, &opening.to_string()).is_none() {
                    report.problem(entry.key_at, refused(&entry.key));
                    sound = false;
                }
            }
        }
        sound.then_some(week)
    }

    fn schema(definitions: &mut Definitions) -> serde_json::Value {
        let hours = <Vec<Opening>>::schema(definitions);
        schema::any([schema::scalar(), serde_json::json!({"type": "object", "additionalProperties": hours})])
    }
}

/// Why hours cannot be added to days.
fn refused(days: &str) -> Text {
    if Week::are_days(days) {
        let place = |word: &str| DAYS.iter().position(|day| *day == word.trim());
        let is_backwards = |(first, last): (&str, &str)| place(first) > place(last);
        if days.split('+').filter_map(|part| part.split_once('-')).any(is_backwards) {
            return say!(
                "`{days}` runs backwards; the week begins with `mon`",
                "`{days}` va all'indietro; la settimana comincia con `mon`"
            );
        }
        return say!("the hours of `{days}` overlap", "gli orari di `{days}` si sovrappongono");
    }
    let meant = in_english(days);
    if Week::are_days(&meant) {
        return say!(
            "unknown days `{days}`, did you mean `{meant}`?",
            "giorni sconosciuti `{days}`, forse `{meant}`?"
        );
    }
    say!(
        "`{days}` is not days of a week such as `mon-fri`, `tue` or `sat+sun`",
        "`{days}` non indica giorni come `mon-fri`, `tue` o `sat+sun`"
    )
}

/// `mon-fri` for `lun-ven` and `Lunedì-Venerdì`.
fn in_english(days: &str) -> String {
    const ITALIAN: [&str; 7] = ["lun", "mar", "mer", "gio", "ven", "sab", "dom"];
    let english = |word: &str| {
        let short: String = word.trim().to_lowercase().chars().take(3).collect();
        let day = ITALIAN.iter().position(|day| *day == short);
        day.map_or(short, |day| DAYS[day].to_owned())
    };
    let part = |part: &str| part.split('-').map(english).collect::<Vec<_>>().join("-");
    days.split('+').map(part).collect::<Vec<_>>().join("+")
}

impl Shape for Opening {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let opening = node.scalar().and_then(Self::parse);
        report.expected(opening, node, say!("hours such as `08:00-14:00`", "un orario come `08:00-14:00`"))
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$")
    }
}

impl Shape for Holiday {
    fn read(node: &Node, report: &mut Report<'_>) -> Option<Self> {
        let holiday = node.scalar().and_then(Self::parse);
        report.expected(
            holiday,
            node,
            say!(
                "`italy`, or a day (MM-DD, month first, or YYYY-MM-DD) and its name, such as `05-04 San Paolino`",
                "`italy`, o un giorno (MM-DD, prima il mese, o YYYY-MM-DD) con il nome, come `05-04 San Paolino`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^(italy|([0-9]{4}-)?[0-9]{2}-[0-9]{2}( .*)?)$")
    }
}
