//! The faults, and what was found of each RPC under each of them.
#![expect(clippy::print_stdout, reason = "the table is for the report of the tests")]

use std::collections::BTreeMap;

use super::Rpc;
use super::cell::Cell;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The roles lost the right to add entries.
    Forbidden,
    /// Somebody else holds the row of the practice's head.
    Locked,
    /// The operating system has no room for the entry.
    DiskFull,
    /// PostgreSQL is killed after the data was read, before it has seen the entry.
    Stopped,
    /// The database says nothing, until no more entries are taken to wait for it.
    QueueFull,
    /// The entry is written, and the connection breaks before that is known.
    Unknown,
}

pub(super) const FAULTS: [Fault; 6] =
    [Fault::Forbidden, Fault::Locked, Fault::DiskFull, Fault::Stopped, Fault::QueueFull, Fault::Unknown];

/// What was found of each RPC, under each fault.
#[derive(Default)]
pub(super) struct Table(BTreeMap<(&'static str, Option<Fault>), Vec<String>>);

impl Table {
    pub(super) fn note(&mut self, cell: &Cell, fault: Option<Fault>, wrong: Option<String>) {
        self.0.entry((cell.method.path, fault)).or_default().extend(wrong);
    }

    pub(super) fn print(&self, rpcs: &[Rpc]) {
        for (method, _input) in rpcs {
            let mark = |fault: &Fault| match self.0.get(&(method.path, Some(*fault))) {
                Some(wrong) if wrong.is_empty() => "held",
                Some(_) => "WRONG",
                None => "-",
            };
            let marks = FAULTS.iter().map(|fault| format!("{:<10}", mark(fault))).collect::<String>();
            println!("{:<62}{marks}", method.path);
        }
    }

    pub(super) fn wrong(&self) -> Vec<String> {
        let of = |((path, fault), wrong): (&(&str, Option<Fault>), &Vec<String>)| {
            wrong.iter().map(|wrong| format!("{path} {fault:?}: {wrong}")).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// How many cells were looked at.
    pub(super) fn cells(&self) -> usize {
        self.0.keys().filter(|(_path, fault)| fault.is_some()).count()
    }
}
