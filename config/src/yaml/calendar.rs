//! `calendars:`: when an office is open.

use jiff::civil::Date;

use crate::calendar::{Holiday, Opening, Week};
use crate::text::say;
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
                    let message = say!(
                        "`{}` is not days of a week such as `mon-fri`, `tue` or `sat+sun`, or its hours overlap",
                        "`{}` non indica giorni come `mon-fri`, `tue` o `sat+sun`, o i suoi orari si sovrappongono",
                        entry.key
                    );
                    report.problem(entry.key_at, message);
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
                "`italy`, or a day and its name such as `05-04 San Paolino` or `2027-12-24 ponte`",
                "`italy`, o un giorno con il nome come `05-04 San Paolino` o `2027-12-24 ponte`"
            ),
        )
    }

    fn schema(_: &mut Definitions) -> serde_json::Value {
        schema::text("^(italy|([0-9]{4}-)?[0-9]{2}-[0-9]{2}( .*)?)$")
    }
}
