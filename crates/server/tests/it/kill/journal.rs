//! What callers sent and how it was answered, and whether the log says the same.
#![expect(clippy::print_stdout, reason = "the figures are for the report of the tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prost::Message;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::request_id;
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::{METHODS, Method};
use tokio::time::{sleep, timeout};
use tonic::Code;

use super::site::{Entry, Seat};
use crate::dynamic::Any;

/// A server that is dead answers nothing, and one that is alive within this time.
const PATIENCE: Duration = Duration::from_secs(15);
/// Answers that the last server gives before it is told to end.
const MORE: usize = 50;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    /// The answer came.
    Answered,
    /// The server said that it can't, or that it doesn't know.
    Refused,
    /// No answer came.
    Lost,
}

#[derive(Debug, Clone)]
struct Line {
    path: &'static str,
    ended: Ended,
    /// What makes a change happen once; empty for reads.
    once: String,
}

/// By the id that each call had.
#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<BTreeMap<String, Line>>);

impl Journal {
    fn note(&self, trace: String, line: Line) {
        self.0.lock().unwrap().insert(trace, line);
    }

    fn count(&self, is_wanted: impl Fn(&Line) -> bool) -> usize {
        self.0.lock().unwrap().values().filter(|line| is_wanted(line)).count()
    }

    /// Waits until there are some more answers.
    pub(super) async fn wait_for_more(&self) {
        let answered = || self.count(|line| line.ended == Ended::Answered);
        let enough = answered() + MORE;
        while answered() < enough {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The log is what was answered, and of what was not answered some.
    pub(super) fn compare(&self, entries: &[Entry], effects: &BTreeSet<String>) {
        let lines = self.0.lock().unwrap().clone();
        let mut logged: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            logged.entry(&entry.request_id).or_default().push(entry);
        }
        let allowed = |trace: &str| {
            logged.get(trace).map_or(0, |entries| entries.iter().filter(|entry| entry.outcome == "allowed").count())
        };
        let strangers: Vec<_> = entries.iter().filter(|entry| !lines.contains_key(&entry.request_id)).collect();
        assert!(strangers.is_empty(), "entries of calls that nobody made: {strangers:?}");
        let (mut unknown, mut wrong) = (0, Vec::new());
        for (trace, line) in &lines {
            let found = allowed(trace);
            match line.ended {
                Ended::Answered if found != 1 => wrong.push(format!("{trace} {line:?}: {found} entries")),
                Ended::Answered => {}
                Ended::Refused | Ended::Lost if found > 1 => wrong.push(format!("{trace} {line:?}: {found} entries")),
                Ended::Refused | Ended::Lost => unknown += found,
            }
            for entry in logged.get(trace.as_str()).into_iter().flatten() {
                if entry.method != line.path {
                    wrong.push(format!("{trace} {line:?}: an entry of {}", entry.method));
                }
            }
        }
        assert!(wrong.is_empty(), "{} of {} calls: {wrong:#?}", wrong.len(), lines.len());
        // a change and its entry are one: an answer is kept if, and only if, the call that did it is on record
        let recorded =
            |(trace, line): (&String, &Line)| (!line.once.is_empty() && allowed(trace) == 1).then(|| line.once.clone());
        let changes: BTreeSet<_> = lines.iter().filter_map(recorded).collect();
        assert_eq!(&changes, effects, "changes by the log, and by what there is");
        self.report(entries.len(), unknown);
    }

    fn report(&self, entries: usize, unknown: usize) {
        let answered =
            |changes: bool| self.count(|line| line.ended == Ended::Answered && line.once.is_empty() != changes);
        let [refused, lost] = [Ended::Refused, Ended::Lost].map(|ended| self.count(|line| line.ended == ended));
        let (changes, reads) = (answered(true), answered(false));
        println!("{changes} acknowledged changes, {reads} delivered reads; {refused} refused and {lost} lost");
        println!(
            "{entries} entries: one for each answer, {unknown} of calls whose answer was lost, and those of refusals"
        );
        assert!(changes > 100 && reads > 100 && lost > 0, "hardly anything was going on");
    }
}

/// Calls one after the other until it is over; what is not answered is sent again until it is.
pub(super) async fn caller(endpoint: String, seat: Seat, seed: u64, journal: Arc<Journal>, is_over: Arc<AtomicBool>) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut any = None;
    while !is_over.load(Ordering::Relaxed) {
        let (method, message, once) = request(&seat, &mut dice);
        let mut tries = 0;
        loop {
            tries += 1;
            let channel = match &any {
                Some(channel) => Any::clone(channel),
                None => Any::connect_when_there(&endpoint).await,
            };
            any = Some(channel.clone());
            let trace = request_id();
            let call = channel.with(&seat.token, &seat.practice);
            let answer = timeout(PATIENCE, call.call(method, message.clone(), &trace)).await;
            let ended = match answer.as_ref().map(|answer| (answer.code(), answer.reason())) {
                Ok((Code::Ok, _)) => Ended::Answered,
                // our own refusals give a reason; a connection that broke has none
                Ok((Code::Unavailable | Code::DeadlineExceeded | Code::Aborted, reason)) if !reason.is_empty() => {
                    Ended::Refused
                }
                Ok((Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal, reason))
                    if reason.is_empty() =>
                {
                    Ended::Lost
                }
                Err(_late) => Ended::Lost,
                Ok((code, reason)) => panic!("{} answers {code:?} {reason}", method.path),
            };
            journal.note(trace, Line { path: method.path, ended, once: once.clone() });
            if ended == Ended::Answered {
                break;
            }
            if ended == Ended::Lost {
                any = None;
            }
            assert!(tries < 1000, "{} is never answered", method.path);
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn method(name: &str) -> &'static Method {
    METHODS.iter().find(|method| method.path.ends_with(name)).unwrap()
}

/// Something that people ask for.
fn request(seat: &Seat, dice: &mut StdRng) -> (&'static Method, Vec<u8>, String) {
    let patient = seat.patients.get(dice.random_range(0..seat.patients.len())).unwrap().clone();
    let id = patient.id.clone();
    let read = |name, message| (method(name), message, String::new());
    match dice.random_range(0..8) {
        0 | 1 => read("/GetPatient", clinical::GetPatientRequest { id }.encode_to_vec()),
        2 => {
            read("/ListPatients", clinical::ListPatientsRequest { page_size: 5, ..Default::default() }.encode_to_vec())
        }
        3 => read("/ListClaims", claims::ListClaimsRequest { page_size: 5, ..Default::default() }.encode_to_vec()),
        4 => {
            read("/ListSessions", clinical::ListSessionsRequest { page_size: 5, ..Default::default() }.encode_to_vec())
        }
        number => {
            let once = request_id();
            let request_id = once.clone();
            let (name, message) = if number == 5 {
                let patient = Some(clinical::Patient { id: String::new(), etag: String::new(), ..patient });
                ("/CreatePatient", clinical::CreatePatientRequest { patient, request_id }.encode_to_vec())
            } else {
                let update_mask = Some(prost_types::FieldMask { paths: vec!["phone".into()] });
                let phone = format!("617{}", dice.random_range(2_000_000..9_999_999));
                let patient = Some(clinical::Patient { phone, etag: String::new(), ..patient });
                ("/UpdatePatient", clinical::UpdatePatientRequest { patient, update_mask, request_id }.encode_to_vec())
            };
            (method(name), message, once)
        }
    }
}
