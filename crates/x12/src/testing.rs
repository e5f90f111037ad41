//! What the crate's tests share: envelopes around made-up sets, and the files that aren't part of the project.

pub(crate) mod strategies;

use std::io::Read;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::interchange::{GroupKind, Interchange, InterchangeWriter, Usage};
use crate::sets::{Event, ReadSet, Sets};

/// A file of one group with these sets; each begins with ST, and SE is added.
pub(crate) fn file(function: &str, version: &str, sets: &[&str]) -> String {
    let mut file = String::from(
        "ISA*00*          *00*          *ZZ*TCH99          *ZZ*EST0001        *261020*0330*^*00501*000000401*0*T*:~",
    );
    file += &format!("GS*{function}*TCH99*EST0001*20261020*0330*7*X*{version}~");
    for set in sets {
        let control = set.split('*').nth(2).unwrap().split('~').next().unwrap();
        file += &format!("{set}SE*{}*{control}~", set.matches('~').count() + 1);
    }
    file + &format!("GE*{}*7~IEA*1*000000401~", sets.len())
}

/// All events of a file whose envelope is right.
pub(crate) fn events<R: Read, S: ReadSet>(sets: Sets<R, S>) -> Vec<Event<S::Part>> {
    sets.map(|event| event.expect("a file whose envelope is right")).collect()
}

/// Asserts that the last set of the file is complete, or broken by a fault that is told with this beginning.
pub(crate) fn ends<T: std::fmt::Debug>(events: &[Event<T>], told: Option<&str>, what: &str) {
    match (told, events.last()) {
        (None, Some(Event::Closed)) => {}
        (Some(told), Some(Event::Broken(fault))) => assert!(fault.to_string().starts_with(told), "{what}: {fault}"),
        (_, last) => panic!("{what}: {last:?}"),
    }
}

/// The parts among a file's events.
pub(crate) fn parts<T>(events: Vec<Event<T>>) -> Vec<T> {
    let part = |event| if let Event::Part(part) = event { Some(part) } else { None };
    events.into_iter().filter_map(part).collect()
}

/// A file to be written, with a group open.
pub(crate) fn outgoing(kind: GroupKind) -> InterchangeWriter {
    let mut file = InterchangeWriter::begin(Interchange {
        sender_qualifier: "ZZ".to_owned(),
        sender: "TCH99".to_owned(),
        receiver_qualifier: "ZZ".to_owned(),
        receiver: "EST0001".to_owned(),
        control_number: 1,
        created_at: chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap().and_hms_opt(3, 30, 0).unwrap(),
        usage: Usage::Test,
        requests_acknowledgment: false,
    })
    .unwrap();
    file.begin_group(kind, 1);
    file
}

/// A value's JSON without positions, which no writer is told.
pub(crate) fn placeless<T: Serialize>(value: &T) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("position");
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(value).unwrap();
    strip(&mut value);
    value
}

/// A file of the test data beside the project; without it the reason is printed and the test ends.
pub(crate) fn shared(name: &str) -> Option<Vec<u8>> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let read = above.map(|folder| folder.join("shared/data").join(name)).find_map(|path| std::fs::read(path).ok());
    if read.is_none() {
        println!("skipped: the test data has no {name}");
    }
    read
}
