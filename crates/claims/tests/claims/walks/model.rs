//! What the walks expect: the machine's word, and sums of money, for each claim of a session.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use claims::lifecycle::{Ack, DeniedKind, Disposition, Event, PaidKind, PayerState, Rejector, State, Status};
use therapy_claims::claims::v1 as pb;

use super::{Move, Step, Word};
use crate::world::{now, refusal};

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Refused(String),
}

impl End {
    pub(crate) fn of(result: Result<(), tonic::Status>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(status) => Self::Refused(refusal(Err::<(), _>(status)).1),
        }
    }

    fn refused(reason: &str) -> Self {
        Self::Refused(reason.to_owned())
    }
}

/// When payers speak: later with each step.
pub(crate) fn said_at(at: usize) -> prost_types::Timestamp {
    kernel::clock::timestamp(moment(at))
}

fn moment(at: usize) -> DateTime<Utc> {
    now().now() + TimeDelta::seconds(1 + i64::try_from(at).unwrap())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Never,
    Queued,
    Transmitted,
    Failed,
}

pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) version: i64,
    state: State,
    attempt: i32,
    /// Cents: paid, adjusted, the patient's.
    money: [i64; 3],
    has_payer_number: bool,
    sent: Sent,
    replaces: Option<usize>,
    replaced_by: Option<usize>,
    prior: Option<usize>,
    /// The turn of its payer, from 0.
    turn: usize,
    /// Decisions and reversals that wait.
    parked: Vec<(Word, usize)>,
}

pub(crate) struct Model {
    pub(crate) claims: Vec<Claim>,
}

const ILLEGAL: &str = "CLAIM_INVALID_TRANSITION";

impl Claim {
    fn new(claim: &pb::Claim) -> Self {
        Self {
            id: claim.id.clone(),
            number: claim.claim_number.clone(),
            version: 1,
            state: State::DRAFTED,
            attempt: 0,
            money: [0; 3],
            has_payer_number: false,
            sent: Sent::Never,
            replaces: None,
            replaced_by: None,
            prior: None,
            turn: 0,
            parked: Vec::new(),
        }
    }

    fn apply(&mut self, event: Event) -> Result<bool, ()> {
        let next = self.state.apply(event).map_err(drop)?;
        let is_news = next != self.state;
        self.state = next;
        Ok(is_news)
    }

    /// Applies what a payer says; tells whether it moved the claim. Money that can't be posted waits.
    fn hear(&mut self, word: Word, at: usize) -> bool {
        let was_appealed = self.state.payer_state == PayerState::Appealed;
        let Ok(is_news) = self.apply(event(word, at)) else {
            let is_money = matches!(word, Word::PaidPartly | Word::PaidNothing | Word::Denied | Word::Reversed);
            let is_undone = self.state.disposition == Disposition::Voided && word == Word::Reversed;
            if is_money && !is_undone {
                self.parked.push((word, at));
            }
            return false;
        };
        if !is_news {
            return false;
        }
        self.has_payer_number |= matches!(word, Word::Accepted | Word::PaidPartly | Word::PaidNothing);
        let decided = match word {
            Word::PaidPartly => Some([10_000, 3_000, 2_000]),
            Word::PaidNothing => Some([0, 0, 15_000]),
            Word::Denied => Some([0, 15_000, 0]),
            Word::Reversed | Word::Voided => {
                self.money = [0; 3];
                None
            }
            Word::Received | Word::Accepted | Word::Forwarded | Word::Rejected => None,
        };
        if let Some(decided) = decided {
            assert!(was_appealed || self.money == [0; 3], "two decisions at once");
            self.money = decided;
        }
        true
    }

    /// What waited, as far as it is possible now, the oldest first.
    fn free(&mut self) {
        while let Some(at) = self.parked.iter().position(|(word, at)| self.state.apply(event(*word, *at)).is_ok()) {
            let (word, at) = self.parked.remove(at);
            self.hear(word, at);
        }
    }
}

fn event(word: Word, at: usize) -> Event {
    let at = moment(at);
    match word {
        Word::Received => Event::Acknowledged { ack: Ack::Received, at },
        Word::Accepted => Event::Acknowledged { ack: Ack::Accepted, at },
        Word::Forwarded => Event::Forwarded { at },
        Word::Rejected => Event::Rejected { by: Rejector::Payer, at },
        Word::PaidPartly => Event::Paid { kind: PaidKind::Partial, at },
        Word::PaidNothing => Event::Paid { kind: PaidKind::ZeroPayPatientResponsibility, at },
        Word::Denied => Event::Denied { kind: DeniedKind::Appealable, at },
        Word::Reversed => Event::Reversed { at },
        Word::Voided => Event::Voided { at },
    }
}

impl Model {
    pub(crate) fn new(draft: &pb::Claim) -> Self {
        Self { claims: vec![Claim::new(draft)] }
    }

    /// How the step must end; `end` and `new` are what the server said, where it alone can know.
    pub(crate) fn take(&mut self, step: Step, at: usize, end: &End, new: Option<&pb::Claim>) -> End {
        let local = now().now();
        let of = step.claim;
        match step.what {
            Move::EditStale => End::refused("ETAG_MISMATCH"),
            Move::Edit | Move::EditTwice => self.judged(of, Event::Edited),
            Move::Release => self.judged(of, Event::Released),
            Move::Hold => self.plain(of, Event::Held),
            Move::Cancel => {
                let end = self.plain(of, Event::Cancelled);
                if let (End::Done, Some(old)) = (&end, self.claims[of].replaces) {
                    self.dropped(old);
                    self.claims[old].replaced_by = None;
                }
                end
            }
            Move::CloseDenial => self.plain(of, Event::DenialClosed { write_off: false }),
            Move::WriteOff => self.plain(of, Event::DenialClosed { write_off: true }),
            Move::Appeal => self.plain(of, Event::Appealed { at: local }),
            Move::Void => {
                if self.claims[of].state.apply(Event::VoidRequested { at: local }).is_err() {
                    return End::refused(ILLEGAL);
                }
                if !self.claims[of].has_payer_number {
                    return End::refused("PAYER_CLAIM_NUMBER_MISSING");
                }
                self.sent(of);
                self.plain(of, Event::VoidRequested { at: local })
            }
            Move::MarkReady => {
                if self.claims[of].state.apply(Event::MarkedReady).is_err() {
                    return End::refused(ILLEGAL);
                }
                if self.is_blocked(of) {
                    self.settle(of);
                    return End::refused("CLAIM_NOT_READY");
                }
                self.plain(of, Event::MarkedReady)
            }
            Move::Submit => self.submit(of, end),
            Move::Confirm | Move::Fail => self.transmission(of, step.what, at),
            Move::Say(word) => self.say(of, word, at),
            Move::Replace => self.replace(of, new),
            Move::BillNext => self.bill_next(of, new),
        }
    }

    fn plain(&mut self, of: usize, event: Event) -> End {
        if self.claims[of].apply(event).is_ok() { End::Done } else { End::refused(ILLEGAL) }
    }

    /// A move after which the rules are run.
    fn judged(&mut self, of: usize, event: Event) -> End {
        if self.claims[of].apply(event).is_err() {
            return End::refused(ILLEGAL);
        }
        self.settle(of);
        End::Done
    }

    /// A draft as the rules leave it.
    fn settle(&mut self, of: usize) {
        let event = if self.is_blocked(of) { Event::ValidationFailed } else { Event::ValidationPassed };
        let _unless_held = self.claims[of].apply(event);
    }

    /// Whether the rules refuse it for what became of the claims that it speaks of.
    fn is_blocked(&self, of: usize) -> bool {
        let claim = &self.claims[of];
        claim.replaces.is_some_and(|old| !self.is_known(old)) || !self.is_told(claim.prior)
    }

    fn is_known(&self, of: usize) -> bool {
        let state = self.claims[of].state;
        let (status, payer_state) = state.standing.unwrap_or((state.status, state.payer_state));
        let waits = matches!(
            payer_state,
            PayerState::Accepted
                | PayerState::Pended
                | PayerState::Reversed
                | PayerState::Appealed
                | PayerState::Forwarded
        );
        state.disposition != Disposition::Voided && (matches!(status, Status::Paid | Status::Denied) || waits)
    }

    /// Whether all earlier payers have decided, and the decisions add up.
    fn is_told(&self, prior: Option<usize>) -> bool {
        let Some(mut prior) = prior else { return true };
        while let (Disposition::Replaced, Some(by)) =
            (self.claims[prior].state.disposition, self.claims[prior].replaced_by)
        {
            prior = by;
        }
        let state = self.claims[prior].state;
        let is_decided = matches!(state.status, Status::Paid | Status::Denied);
        is_decided && state.disposition != Disposition::WrittenOff && self.is_told(self.claims[prior].prior)
    }

    fn sent(&mut self, of: usize) {
        self.claims[of].attempt += 1;
        self.claims[of].sent = Sent::Queued;
    }

    /// A claim that speaks of another one may have become stale, which the server knows.
    fn submit(&mut self, of: usize, end: &End) -> End {
        let at = now().now();
        if self.claims[of].state.apply(Event::Submitted { at }).is_err() {
            return End::refused(ILLEGAL);
        }
        if let Some(old) = self.claims[of].replaces
            && self.claims[old].state.apply(Event::ReplacementRequested { at }).is_err()
        {
            return End::refused(ILLEGAL);
        }
        let speaks = self.claims[of].replaces.is_some() || self.claims[of].prior.is_some();
        if self.is_blocked(of) || (speaks && *end == End::refused("CLAIM_NOT_READY")) {
            let _was_ready = self.claims[of].apply(Event::Edited);
            self.settle(of);
            return End::refused("CLAIM_NOT_READY");
        }
        if let Some(old) = self.claims[of].replaces {
            let _is_possible = self.claims[old].apply(Event::ReplacementRequested { at });
        }
        self.sent(of);
        self.plain(of, Event::Submitted { at })
    }

    fn transmission(&mut self, of: usize, what: Move, at: usize) -> End {
        let claim = &mut self.claims[of];
        match (what, claim.sent) {
            (_, Sent::Never) => End::refused("NOT_FOUND"),
            (Move::Confirm, Sent::Transmitted) | (Move::Fail, Sent::Failed) => End::Done,
            (Move::Confirm, Sent::Failed) => End::refused("SUBMISSION_FAILED"),
            (_, Sent::Transmitted) => End::refused("SUBMISSION_TRANSMITTED"),
            (Move::Confirm, _) => match claim.apply(Event::Transmitted { at: moment(at) }) {
                Ok(_) => {
                    claim.sent = Sent::Transmitted;
                    End::Done
                }
                Err(()) => End::refused(ILLEGAL),
            },
            (_, _) => match claim.apply(Event::TransmitFailed { at: now().now() }) {
                Ok(_) => {
                    claim.sent = Sent::Failed;
                    End::Done
                }
                Err(()) => End::refused(ILLEGAL),
            },
        }
    }

    fn say(&mut self, of: usize, word: Word, at: usize) -> End {
        let claim = &mut self.claims[of];
        let before = claim.state;
        if claim.attempt == 0 && before.apply(event(word, at)).is_err() {
            return End::refused(ILLEGAL);
        }
        if claim.hear(word, at) {
            // what waits is looked at when there is news of money
            if !matches!(word, Word::Received | Word::Accepted | Word::Forwarded | Word::Rejected) {
                claim.free();
            }
            self.follow(of, before);
        }
        End::Done
    }

    /// What an answer to a replacement means for the claim that it replaces.
    fn follow(&mut self, of: usize, before: State) {
        let Some(old) = self.claims[of].replaces else { return };
        let after = self.claims[of].state;
        let first_round = [PayerState::Queued, PayerState::Transmitted, PayerState::Received];
        let came_back = before.status == Status::Submitted && after.status == Status::Draft;
        let denied_unaccepted = after.status == Status::Denied && first_round.contains(&before.payer_state);
        let taken = after.status == Status::Paid
            || matches!(after.payer_state, PayerState::Accepted | PayerState::Pended | PayerState::Forwarded);
        if came_back || denied_unaccepted {
            self.dropped(old);
        } else if taken {
            let at = now().now();
            if self.claims[old].apply(Event::ReplacementRequested { at }).is_ok() {
                let _is_possible = self.claims[old].apply(Event::Replaced { at });
                self.claims[old].replaced_by = Some(of);
            }
        }
    }

    fn dropped(&mut self, old: usize) {
        let _unless_on_its_own = self.claims[old].apply(Event::ReplacementDropped { at: now().now() });
    }

    fn replace(&mut self, of: usize, new: Option<&pb::Claim>) -> End {
        let at = now().now();
        if self.claims[of].state.apply(Event::ReplacementRequested { at }).is_err() {
            return End::refused(ILLEGAL);
        }
        if !self.claims[of].has_payer_number {
            return End::refused("PAYER_CLAIM_NUMBER_MISSING");
        }
        let active = |claim: &Claim| claim.state.disposition == Disposition::Active;
        if self.claims.iter().any(|claim| claim.replaces == Some(of) && active(claim)) {
            return End::refused("REPLACEMENT_OPEN");
        }
        let _is_possible = self.claims[of].apply(Event::ReplacementRequested { at });
        let (prior, turn, index) = (self.claims[of].prior, self.claims[of].turn, self.claims.len());
        self.claims[of].replaced_by = Some(index);
        self.add(new, |claim| (claim.replaces, claim.prior, claim.turn) = (Some(of), prior, turn))
    }

    fn bill_next(&mut self, of: usize, new: Option<&pb::Claim>) -> End {
        let claim = &self.claims[of];
        if claim.state.status != Status::Paid || claim.state.disposition != Disposition::Active {
            return End::refused("CLAIM_NOT_PAID");
        }
        let turn = claim.turn + 1;
        if turn > 2 {
            return End::refused("NO_NEXT_COVERAGE");
        }
        let is_first = |other: &Claim| other.turn == turn && other.replaces.is_none();
        if self.claims.iter().any(|other| is_first(other) && other.state.disposition == Disposition::Active) {
            return End::refused("SESSION_ALREADY_BILLED");
        }
        self.add(new, |claim| (claim.prior, claim.turn) = (Some(of), turn))
    }

    fn add(&mut self, new: Option<&pb::Claim>, link: impl FnOnce(&mut Claim)) -> End {
        let Some(new) = new else { return End::Done };
        let mut claim = Claim::new(new);
        link(&mut claim);
        self.claims.push(claim);
        let of = self.claims.len() - 1;
        if self.is_blocked(of) {
            self.settle(of);
        }
        End::Done
    }

    /// Compares with the rows. Versions only count up, and by one where a claim changed.
    pub(crate) fn check(&mut self, rows: &str) -> Result<(), String> {
        let rows: Vec<&str> = rows.lines().collect();
        if rows.len() != self.claims.len() {
            return Err(format!("{} claims for {}", rows.len(), self.claims.len()));
        }
        for claim in &mut self.claims {
            let expected = line(claim);
            let row = rows.iter().find(|row| row.starts_with(&claim.id)).ok_or("a claim is gone")?;
            let (stands, version) = row.rsplit_once(' ').ok_or("a row without version")?;
            if stands != expected {
                return Err(format!("expected {expected}\n     but {stands}"));
            }
            let version: i64 = version.parse().map_err(|_not_a_number| "no version")?;
            if !(claim.version..=claim.version + 1).contains(&version) {
                return Err(format!("version {version} after {}", claim.version));
            }
            claim.version = version;
        }
        Ok(())
    }
}

fn line(claim: &Claim) -> String {
    let State { status, payer_state, disposition, was_transmitted, standing, payer_state_at: _ } = claim.state;
    let (before, beneath) = standing.map_or(("-", "-"), |(status, state)| (status.as_str(), state.as_str()));
    let sent = if was_transmitted { "t" } else { "f" };
    let mut text =
        format!("{} {status} {payer_state} {disposition} {before} {beneath} {sent} {}", claim.id, claim.attempt);
    let money = claim.money.map(|cents| format!("{}.{:02}", cents / 100, cents % 100)).join(" ");
    write!(text, " {money} = {money} {}", claim.attempt).unwrap();
    text
}
