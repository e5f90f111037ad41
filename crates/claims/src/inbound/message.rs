//! A part of a file on its way: whose it is, what became of it so far, and how that is told.

use kernel::id::{InboundFileId, InboundMessageId};
use therapy_claims::claims::v1 as pb;

use super::route::Routed;
use super::store::{Noted, Tally};
use super::survey::{Head, Subject, Surveyed};
use super::{InboundKind, MALFORMED, MessageState, Problem};

/// A part of a file.
#[derive(Debug)]
pub struct Message {
    pub noted: Noted,
    pub head: Head,
    /// What it is about.
    pub subject: Option<Subject>,
    /// Whose it is.
    pub routed: Option<Routed>,
    pub remittance_id: String,
}

impl Message {
    #[must_use]
    pub fn new(
        file: InboundFileId,
        ordinal: usize,
        surveyed: Surveyed,
        routed: Option<Result<Routed, Problem>>,
    ) -> Self {
        let Surveyed { kind, head, subject, problem } = surveyed;
        let (routed, lost) = match routed {
            Some(Ok(routed)) => (Some(routed), None),
            Some(Err(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        let problem = problem.or(lost);
        let state = match &problem {
            None => MessageState::Processing,
            Some(problem) if problem.reason == MALFORMED => MessageState::Refused,
            Some(_) => MessageState::Parked,
        };
        let noted = Noted {
            id: InboundMessageId::new(),
            file,
            ordinal: i32::try_from(ordinal).unwrap_or(i32::MAX),
            kind,
            interchange_control: head.interchange_control.clone(),
            group_control: head.group_control.clone(),
            set_control: head.set_control.clone(),
            batch: routed.as_ref().and_then(|routed| routed.batch),
            state,
            problem,
            tally: Tally::default(),
        };
        Self { noted, head, subject, routed, remittance_id: String::new() }
    }

    /// What is to be settled, and where; none where nothing of it counts.
    #[must_use]
    pub fn work(&self) -> Option<(&Subject, &Routed)> {
        let counts = self.noted.problem.is_none();
        self.subject.as_ref().zip(self.routed.as_ref()).filter(|_| counts)
    }

    /// A person has to look, for a reason that showed only now.
    pub fn park(&mut self, problem: Problem) {
        self.noted.state = MessageState::Parked;
        self.noted.problem = Some(problem);
    }

    #[must_use]
    pub fn to_pb(&self) -> pb::InboundMessage {
        let Noted { interchange_control, group_control, set_control, tally, .. } = &self.noted;
        let practice = self.routed.as_ref().map(|routed| routed.scope.practice().to_string());
        pb::InboundMessage {
            ordinal: self.noted.ordinal,
            kind: kind_to_pb(self.noted.kind).into(),
            interchange_control_number: interchange_control.clone(),
            group_control_number: group_control.clone(),
            set_control_number: set_control.clone(),
            state: state_to_pb(self.noted.state).into(),
            practice_id: practice.unwrap_or_default(),
            problem: self.noted.problem.as_ref().map(problem_to_pb),
            applied: tally.applied,
            recorded: tally.recorded,
            repeated: tally.repeated,
            parked: tally.parked,
            unmatched: tally.unmatched,
            batch_id: self.noted.batch.map(|id| id.to_string()).unwrap_or_default(),
            remittance_id: self.remittance_id.clone(),
        }
    }
}

const fn kind_to_pb(kind: InboundKind) -> pb::InboundKind {
    match kind {
        InboundKind::Ta1 => pb::InboundKind::Ta1,
        InboundKind::X999 => pb::InboundKind::InboundKind999,
        InboundKind::X277Ca => pb::InboundKind::InboundKind277ca,
        InboundKind::X835 => pb::InboundKind::InboundKind835,
        InboundKind::Unknown => pb::InboundKind::Unspecified,
    }
}

const fn state_to_pb(state: MessageState) -> pb::InboundState {
    match state {
        MessageState::Applied | MessageState::Processing => pb::InboundState::Applied,
        MessageState::Repeated => pb::InboundState::Repeated,
        MessageState::Parked => pb::InboundState::Parked,
        MessageState::Refused => pb::InboundState::Refused,
    }
}

/// A problem on the wire.
#[must_use]
pub fn problem_to_pb(problem: &Problem) -> pb::InboundProblem {
    let Problem { reason, message, place } = problem;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    pb::InboundProblem {
        reason: (*reason).to_owned(),
        message: message.clone(),
        segment_position: place.as_ref().map_or(0, |place| number(place.segment)),
        byte_position: place.as_ref().map_or(0, |place| number(place.byte)),
        segment: place.as_ref().map_or_else(String::new, |place| place.id.to_owned()),
    }
}
