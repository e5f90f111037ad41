//! The first reading of a file: what it holds, and what of it can be trusted. Nothing is applied yet.

use chrono::{NaiveDate, NaiveTime};
use sha2::{Digest, Sha256};
use x12::acknowledgment::{self, InterchangeAcknowledgment};
use x12::document::Part;
use x12::envelope::{Interchange, SetHeader};
use x12::remittance::balance::{self, Imbalance, Level};
use x12::remittance::{self, Payment, Totals};
use x12::status::{self, Action, Status};

use super::remit::{claim_digest, digest};
use super::walk::Event;
use super::{InboundKind, MALFORMED, Problem};

/// Cents that a sum of amounts may come to: what the database keeps.
const SUM_MAX: i64 = 999_999_999_999;
/// Claim numbers kept of a set, to tell whose it is where nothing else does.
const NUMBERS: usize = 5;

/// GS01 of our claim files, and ST02 of the only set in each.
const CLAIM_GROUP: &str = "HC";
const FIRST_SET: &str = "1";

/// Where a part of a file stands, and when it was written.
#[derive(Debug, Clone, Default)]
pub struct Head {
    pub interchange_control: String,
    /// Empty for a TA1.
    pub group_control: String,
    pub set_control: String,
    pub day: Option<NaiveDate>,
    pub time: Option<NaiveTime>,
}

/// What a part of a file is about.
#[derive(Debug, Clone)]
pub enum Subject {
    Ta1(InterchangeAcknowledgment),
    X999 {
        /// The GS06 that it answers.
        group: String,
    },
    X277Ca {
        /// The BHT03 that it answers.
        reference: Option<String>,
        numbers: Vec<String>,
    },
    X835 {
        payment: Box<Payment>,
        totals: Totals,
        /// Of all that it says, wherever it stands.
        digest: Vec<u8>,
        numbers: Vec<String>,
    },
}

/// A part of a file, as far as it can be told from the file alone.
#[derive(Debug, Clone)]
pub struct Surveyed {
    pub kind: InboundKind,
    pub head: Head,
    /// What it is about, where that can be read.
    pub subject: Option<Subject>,
    /// Why nothing of it counts.
    pub problem: Option<Problem>,
}

/// Listens to a whole file.
#[derive(Debug, Default)]
pub struct Surveyor {
    interchange: Interchange,
    open: Option<Open>,
    pub found: Vec<Surveyed>,
}

#[derive(Debug)]
struct Open {
    kind: InboundKind,
    head: Head,
    numbers: Vec<String>,
    group: Option<String>,
    reference: Option<String>,
    payment: Option<Box<Payment>>,
    totals: Totals,
    digest: Sha256,
    imbalance: Option<Imbalance>,
    /// What else is wrong with it, the first of all.
    problem: Option<Problem>,
    /// Where a batch, or all claims of a provider, is rejected.
    rejected: Option<x12::Position>,
}

impl Surveyor {
    /// Takes the next event.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Interchange(interchange) => self.interchange = interchange,
            Event::Acknowledged(ta1) => {
                let head = self.head();
                let subject = Some(Subject::Ta1(ta1));
                self.found.push(Surveyed { kind: InboundKind::Ta1, head, subject, problem: None });
            }
            Event::Opened(header) => self.open = Some(Open::new(&header, self.head())),
            Event::Part(part) => {
                if let Some(open) = &mut self.open {
                    open.take(part);
                }
            }
            Event::Closed => self.close(None),
            Event::Broken(fault) => self.close(Some(Problem::unreadable(&fault))),
        }
    }

    /// The file ended here, for a reason that is told; what was open is not complete.
    pub fn cut_off(&mut self, problem: &Problem) {
        self.close(Some(problem.clone()));
    }

    fn head(&self) -> Head {
        let Interchange { control, date, time, .. } = &self.interchange;
        Head { interchange_control: control.clone(), day: *date, time: *time, ..Head::default() }
    }

    fn close(&mut self, problem: Option<Problem>) {
        let Some(open) = self.open.take() else { return };
        let (kind, head, imbalance) = (open.kind, open.head.clone(), open.imbalance());
        let problem = problem
            .or_else(|| open.problem.clone())
            .or_else(|| imbalance.as_ref().map(unbalanced))
            .or_else(|| open.rejected_as_a_whole())
            .or_else(|| {
                let is_unknown = kind == InboundKind::Unknown;
                is_unknown.then(|| Problem::new(MALFORMED, "the transaction set is of no kind that answers claims"))
            });
        self.found.push(Surveyed { kind, head, subject: open.subject(), problem });
    }
}

impl Open {
    fn new(header: &SetHeader, head: Head) -> Self {
        let kind = match header.kind.as_str() {
            "999" => InboundKind::X999,
            "277" => InboundKind::X277Ca,
            "835" => InboundKind::X835,
            _ => InboundKind::Unknown,
        };
        let head = Head { group_control: header.group_control.clone(), set_control: header.control.clone(), ..head };
        Self {
            kind,
            head,
            numbers: Vec::new(),
            group: None,
            reference: None,
            payment: None,
            totals: Totals::default(),
            digest: Sha256::new(),
            imbalance: None,
            problem: None,
            rejected: None,
        }
    }

    fn take(&mut self, part: Part) {
        match part {
            Part::Acknowledgment(acknowledgment::Part::Group(group)) => {
                if group.function != CLAIM_GROUP {
                    self.note(of_something_else().at(group.position, "AK1"));
                }
                self.group = Some(group.control);
            }
            Part::Acknowledgment(acknowledgment::Part::Set(set)) => {
                if set.kind != "837" || set.control.trim_start_matches('0') != FIRST_SET {
                    self.note(of_something_else().at(set.position, "AK2"));
                }
            }
            Part::Acknowledgment(acknowledgment::Part::Totals(_)) | Part::Claim(_) => {}
            Part::Status(status::Part::Provider(provider)) => self.refused(&provider.statuses, provider.position),
            Part::Status(status::Part::Batch(batch)) => {
                self.refused(&batch.statuses, batch.position);
                self.reference = batch.batch_reference;
            }
            Part::Status(status::Part::Claim(claim)) => self.number(claim.claim_number.as_deref()),
            Part::Remittance(remittance::Part::Payment(payment)) => {
                self.digest.update(digest(&payment));
                self.payment = Some(payment);
            }
            Part::Remittance(remittance::Part::Claim(claim)) => {
                self.digest.update(claim_digest(&claim));
                self.imbalance = self.imbalance.or_else(|| balance::claim(&claim).into_iter().next());
                let of_lines = claim.lines.iter().flat_map(|line| &line.adjustments);
                let amounts = claim.adjustments.iter().chain(of_lines).map(|one| one.amount.0.saturating_abs());
                if amounts.fold(0, i64::saturating_add) > SUM_MAX {
                    let problem =
                        Problem::new("AMOUNT_TOO_LARGE", "a claim's adjustments come to more than can be kept");
                    self.note(problem.at(claim.position, "CLP"));
                }
                self.number(Some(&claim.claim_number));
            }
            Part::Remittance(remittance::Part::ProviderAdjustments(adjustments)) => {
                for one in &adjustments.adjustments {
                    self.digest.update(format!("{}*{:?}*{}~", one.reason, one.reference, one.amount.0));
                }
            }
            Part::Remittance(remittance::Part::Totals(totals)) => self.totals = totals,
        }
    }

    fn note(&mut self, problem: Problem) {
        self.problem.get_or_insert(problem);
    }

    fn refused(&mut self, statuses: &[Status], position: x12::Position) {
        if statuses.iter().any(|status| status.action == Some(Action::Reject)) {
            self.rejected.get_or_insert(position);
        }
    }

    /// A rejection that names no claim moves none, but somebody has to know.
    fn rejected_as_a_whole(&self) -> Option<Problem> {
        let position = self.rejected.filter(|_| self.numbers.is_empty())?;
        let message =
            "a batch, or all claims of a provider, is rejected without naming any claim: ask the partner which";
        Some(Problem::new("BATCH_REJECTED", message).at(position, "STC"))
    }

    fn number(&mut self, number: Option<&str>) {
        if let Some(number) = number.filter(|number| !number.is_empty())
            && self.numbers.len() < NUMBERS
        {
            self.numbers.push(number.to_owned());
        }
    }

    fn imbalance(&self) -> Option<Imbalance> {
        self.imbalance.or_else(|| self.payment.as_ref().and_then(|payment| balance::payment(payment, &self.totals)))
    }

    fn subject(self) -> Option<Subject> {
        let numbers = self.numbers;
        match self.kind {
            InboundKind::X999 => Some(Subject::X999 { group: self.group.unwrap_or_default() }),
            InboundKind::X277Ca => Some(Subject::X277Ca { reference: self.reference, numbers }),
            InboundKind::X835 => {
                let (totals, digest) = (self.totals, self.digest.finalize().to_vec());
                self.payment.map(|payment| Subject::X835 { payment, totals, digest, numbers })
            }
            InboundKind::Ta1 | InboundKind::Unknown => None,
        }
    }
}

fn of_something_else() -> Problem {
    Problem::new("ACKNOWLEDGES_OTHER", "it acknowledges something else than the 837 of one of our claim files")
}

fn unbalanced(imbalance: &Imbalance) -> Problem {
    let (message, id) = match imbalance.level {
        Level::Line => ("a line's charge less its adjustments is not what is paid for it", "SVC"),
        Level::Claim => ("a claim's charge less its adjustments is not what is paid for it", "CLP"),
        Level::Payment => ("what is paid for claims less provider adjustments is not the payment", "BPR"),
    };
    Problem::new("REMITTANCE_UNBALANCED", message).at(imbalance.position, id)
}
