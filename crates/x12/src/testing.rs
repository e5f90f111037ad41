//! What the crate's tests share: envelopes around made-up sets, and the files that aren't part of the project.

use std::io::Read;
use std::path::Path;

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

/// A file of the test data beside the project; without it the reason is printed and the test ends.
pub(crate) fn shared(name: &str) -> Option<Vec<u8>> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let read = above.map(|folder| folder.join("shared/data").join(name)).find_map(|path| std::fs::read(path).ok());
    if read.is_none() {
        println!("skipped: the test data has no {name}");
    }
    read
}
