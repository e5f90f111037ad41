use chrono::{DateTime, TimeZone, Utc};
use proptest::prelude::*;

use super::moves::rank;
use super::*;

mod columns;
mod replacing;

fn at(second: i64) -> DateTime<Utc> {
    Utc.timestamp_opt(1_800_000_000 + second, 0).unwrap()
}

fn event() -> impl Strategy<Value = Event> {
    (0..EventKind::ALL.len(), 0i64..50, 0u8..4).prop_map(|(kind, second, variant)| {
        let at = at(second);
        match EventKind::ALL[kind].sample() {
            Event::Submitted { .. } => Event::Submitted { at },
            Event::Transmitted { .. } => Event::Transmitted { at },
            Event::TransmitFailed { .. } => Event::TransmitFailed { at },
            Event::Acknowledged { .. } => {
                let ack = [Ack::Received, Ack::Accepted, Ack::Pended, Ack::Accepted][usize::from(variant)];
                Event::Acknowledged { ack, at }
            }
            Event::Rejected { .. } => {
                let by = [Rejector::Transport, Rejector::Clearinghouse, Rejector::Payer, Rejector::Payer];
                Event::Rejected { by: by[usize::from(variant)], at }
            }
            Event::Paid { .. } => {
                let kinds = [
                    PaidKind::Full,
                    PaidKind::Partial,
                    PaidKind::ZeroPayPatientResponsibility,
                    PaidKind::ZeroContractual,
                ];
                Event::Paid { kind: kinds[usize::from(variant)], at }
            }
            Event::Denied { .. } => {
                let kind = if variant % 2 == 0 { DeniedKind::Plain } else { DeniedKind::Appealable };
                Event::Denied { kind, at }
            }
            Event::Reversed { .. } => Event::Reversed { at },
            Event::Appealed { .. } => Event::Appealed { at },
            Event::DenialClosed { .. } => Event::DenialClosed { write_off: variant == 0 },
            Event::VoidRequested { .. } => Event::VoidRequested { at },
            Event::Voided { .. } => Event::Voided { at },
            Event::Forwarded { .. } => Event::Forwarded { at },
            Event::ReplacementRequested { .. } => Event::ReplacementRequested { at },
            Event::ReplacementDropped { .. } => Event::ReplacementDropped { at },
            Event::Replaced { .. } => Event::Replaced { at },
            same @ (Event::ValidationFailed
            | Event::ValidationPassed
            | Event::Held
            | Event::Released
            | Event::Edited
            | Event::MarkedReady
            | Event::Cancelled) => same,
        }
    })
}

/// Mostly events that are possible, so that the walks go deep.
fn walk() -> impl Strategy<Value = Vec<(Event, bool)>> {
    prop::collection::vec((event(), prop::bool::weighted(0.2)), 1..80)
}

fn play(events: &[Event]) -> State {
    events.iter().fold(State::DRAFTED, |state, event| state.apply(*event).unwrap_or_else(|e| panic!("{e}")))
}

const SUBMITTED: &[Event] = &[Event::MarkedReady, Event::Submitted { at: DateTime::UNIX_EPOCH }];

fn submitted(more: &[Event]) -> State {
    play(&[SUBMITTED, more].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_leaves_the_table(walk in walk()) {
        let mut state = State::DRAFTED;
        for (event, _) in walk {
            let before = state;
            match state.apply(event) {
                Ok(next) => state = next,
                Err(illegal) => prop_assert_eq!(illegal, IllegalTransition { from: before, event: event.kind() }),
            }
            prop_assert!(is_allowed(state.status, state.payer_state), "{event:?} led {before} to {state}");
        }
    }

    #[test]
    fn what_a_refusal_lists_is_possible_and_nothing_else_is(walk in walk()) {
        let mut state = State::DRAFTED;
        for (event, _) in walk {
            let allowed: Vec<_> = state.allowed().collect();
            for kind in EventKind::ALL {
                prop_assert_eq!(state.apply(kind.sample()).is_ok(), allowed.contains(kind));
            }
            if let Ok(next) = state.apply(event) {
                // beside what is listed, old news may be kept, to no effect
                prop_assert!(allowed.contains(&event.kind()) || next == state);
                state = next;
            }
        }
    }

    #[test]
    fn a_claim_that_no_longer_counts_never_moves_again(walk in walk(), disposition in 1..Disposition::ALL.len()) {
        let disposition = Disposition::ALL[disposition];
        let mut state = State::DRAFTED;
        for (event, stop) in walk {
            if let Ok(next) = state.apply(event) {
                state = next;
            }
            if stop || state.disposition != Disposition::Active {
                let ended = State { disposition, ..state };
                // a replacement is settled with the payer, and may be rejected after all
                let is_replaced = ended.disposition == Disposition::Replaced
                    && ended.payer_state == PayerState::ReplacementPending;
                if is_replaced {
                    let next = ended.apply(event).unwrap_or(ended);
                    let stays = next == State { standing: next.standing, ..ended };
                    prop_assert!(stays || event.kind() == EventKind::ReplacementDropped);
                } else {
                    prop_assert!(ended.apply(event).is_err());
                    prop_assert_eq!(ended.allowed().count(), 0);
                }
            }
        }
    }

    #[test]
    fn whatever_left_can_not_be_cancelled(walk in walk()) {
        let mut state = State::DRAFTED;
        let mut has_left = false;
        for (event, _) in walk {
            if let Ok(next) = state.apply(event) {
                let spoke = matches!(
                    event.kind(),
                    EventKind::Transmitted
                        | EventKind::Acknowledged
                        | EventKind::Forwarded
                        | EventKind::Rejected
                        | EventKind::Paid
                        | EventKind::Denied
                );
                has_left |= spoke;
                state = next;
            }
            if has_left {
                prop_assert!(state.was_transmitted);
                prop_assert!(state.disposition != Disposition::Cancelled);
                prop_assert!(state.apply(Event::Cancelled).is_err());
            }
        }
    }

    #[test]
    fn only_a_remittance_makes_a_claim_paid_or_denied(walk in walk()) {
        let mut state = State::DRAFTED;
        for (event, _) in walk {
            let Ok(next) = state.apply(event) else { continue };
            // a void that the payer refused, or a replacement that nobody took, leads back to what a remittance made of it
            if next.status != state.status && state.standing != Some((next.status, next.payer_state)) {
                match next.status {
                    Status::Paid => prop_assert_eq!(event.kind(), EventKind::Paid),
                    Status::Denied => prop_assert_eq!(event.kind(), EventKind::Denied),
                    Status::Draft | Status::Ready | Status::Submitted => {}
                }
            }
            state = next;
        }
    }

    #[test]
    fn acknowledgments_in_any_order_end_at_the_newest_or_the_highest(
        acks in prop::collection::vec((0usize..3, 0i64..50), 1..8),
    ) {
        let kinds = [Ack::Received, Ack::Accepted, Ack::Pended];
        let mut state = submitted(&[Event::Transmitted { at: at(0) }]);
        for (ack, second) in acks {
            let (ack, at) = (kinds[ack], at(second));
            let next = state.apply(Event::Acknowledged { ack, at }).unwrap();
            let is_higher = rank(ack.into()) > rank(state.payer_state);
            let is_newer = rank(state.payer_state) >= Some(2) && Some(at) > state.payer_state_at;
            if is_higher || is_newer {
                prop_assert_eq!((next.payer_state, next.payer_state_at), (ack.into(), Some(at)));
            } else {
                prop_assert_eq!(next, state);
            }
            state = next;
        }
    }

    #[test]
    fn the_same_news_twice_changes_nothing(second in 0i64..50, ack in 0usize..3) {
        let event = Event::Acknowledged { ack: [Ack::Received, Ack::Accepted, Ack::Pended][ack], at: at(second) };
        let once = submitted(&[event]);
        prop_assert_eq!(once.apply(event), Ok(once));
        let event = Event::Rejected { by: Rejector::Payer, at: at(second + 1) };
        let once = once.apply(event).unwrap();
        prop_assert_eq!(once.status, Status::Draft);
        prop_assert_eq!(once.apply(event), Ok(once));
    }
}

#[test]
fn a_claim_is_voided_from_wherever_the_payer_knows_it_and_nowhere_else() {
    let accepted = &[Event::Acknowledged { ack: Ack::Accepted, at: at(1) }];
    let paid = &[Event::Paid { kind: PaidKind::Full, at: at(1) }];
    let denied = &[Event::Denied { kind: DeniedKind::Plain, at: at(1) }];
    for known in [submitted(accepted), submitted(paid), submitted(denied)] {
        let pending = known.apply(Event::VoidRequested { at: at(2) }).unwrap();
        assert_eq!(pending.to_string(), "submitted(void_pending)");
        assert!(pending.apply(Event::VoidRequested { at: at(3) }).is_err());
        assert!(pending.apply(Event::ReplacementRequested { at: at(3) }).is_err());
        let voided = pending.apply(Event::Voided { at: at(3) }).unwrap();
        assert_eq!(voided.to_string(), "submitted(void_pending) voided");
        let refused = pending.apply(Event::Rejected { by: Rejector::Payer, at: at(3) }).unwrap();
        assert_eq!(State { payer_state_at: known.payer_state_at, ..refused }, known, "where it stood");
        let unsent = pending.apply(Event::TransmitFailed { at: at(3) }).unwrap();
        assert_eq!(unsent, refused);
        // of the claim itself, late
        for stale in [Event::Rejected { by: Rejector::Payer, at: at(2) }, accepted[0], Event::Transmitted { at: at(3) }]
        {
            assert_eq!(pending.apply(stale), Ok(pending));
        }
    }
    for more in [&[][..], &[Event::Transmitted { at: at(1) }], &[Event::Acknowledged { ack: Ack::Received, at: at(1) }]]
    {
        assert!(submitted(more).apply(Event::VoidRequested { at: at(2) }).is_err());
    }
    assert!(submitted(paid).apply(Event::Voided { at: at(2) }).is_err(), "nobody asked for it");
}

#[test]
fn a_decision_that_crosses_the_void_is_where_a_refusal_leads() {
    let accepted = submitted(&[Event::Acknowledged { ack: Ack::Accepted, at: at(1) }]);
    let pending = accepted.apply(Event::VoidRequested { at: at(2) }).unwrap();
    let paid = Event::Paid { kind: PaidKind::Full, at: at(3) };
    let crossed = pending.apply(paid).unwrap();
    assert_eq!(crossed.to_string(), "submitted(void_pending)");
    assert!(crossed.apply(paid).is_err(), "it is posted once");
    let refused = crossed.apply(Event::Rejected { by: Rejector::Payer, at: at(4) }).unwrap();
    assert_eq!(refused.to_string(), "paid(paid_full)");
}

#[test]
fn a_clean_claim_is_paid() {
    let state = submitted(&[
        Event::Transmitted { at: at(1) },
        Event::Acknowledged { ack: Ack::Received, at: at(2) },
        Event::Acknowledged { ack: Ack::Accepted, at: at(3) },
        Event::Paid { kind: PaidKind::Partial, at: at(4) },
    ]);
    assert_eq!(state.to_string(), "paid(paid_partial)");
    assert_eq!(state.payer_state_at, Some(at(4)));
}

#[test]
fn a_remittance_needs_no_acknowledgment() {
    assert_eq!(submitted(&[Event::Paid { kind: PaidKind::Full, at: at(1) }]).status, Status::Paid);
    assert_eq!(submitted(&[Event::Denied { kind: DeniedKind::Appealable, at: at(1) }]).status, Status::Denied);
}

#[test]
fn a_rejected_claim_returns_to_draft_and_can_be_sent_again() {
    let rejected =
        submitted(&[Event::Transmitted { at: at(1) }, Event::Rejected { by: Rejector::Clearinghouse, at: at(2) }]);
    assert_eq!(rejected.to_string(), "draft(rejected_clearinghouse)");
    assert_eq!(rejected.apply(Event::ValidationFailed), Ok(rejected), "why it came back stays visible");
    let again = [Event::Edited, Event::MarkedReady, Event::Submitted { at: at(3) }];
    let again = again.iter().fold(rejected, |state, event| state.apply(*event).unwrap());
    assert_eq!(again.to_string(), "submitted(queued)");
}

#[test]
fn a_rejection_older_than_the_acceptance_is_kept_and_not_applied() {
    let accepted = submitted(&[Event::Acknowledged { ack: Ack::Accepted, at: at(5) }]);
    for second in [4, 5] {
        assert_eq!(accepted.apply(Event::Rejected { by: Rejector::Payer, at: at(second) }), Ok(accepted));
    }
    let rejected = accepted.apply(Event::Rejected { by: Rejector::Payer, at: at(6) }).unwrap();
    assert_eq!(rejected.to_string(), "draft(rejected_payer)");
}

#[test]
fn a_rejection_after_the_remittance_is_kept_and_not_applied() {
    let paid = submitted(&[Event::Paid { kind: PaidKind::Full, at: at(1) }]);
    assert_eq!(paid.apply(Event::Rejected { by: Rejector::Payer, at: at(9) }), Ok(paid));
    assert_eq!(paid.apply(Event::Acknowledged { ack: Ack::Accepted, at: at(9) }), Ok(paid));
    assert_eq!(paid.apply(Event::Transmitted { at: at(9) }), Ok(paid));
}

#[test]
fn a_confirmation_later_than_the_answer_changes_nothing() {
    let received = submitted(&[Event::Acknowledged { ack: Ack::Received, at: at(1) }]);
    assert_eq!(received.apply(Event::Transmitted { at: at(9) }), Ok(received));
}

#[test]
fn a_failed_transmission_is_ready_again_and_can_be_cancelled() {
    let failed = submitted(&[Event::TransmitFailed { at: at(1) }]);
    assert_eq!(failed.to_string(), "ready(transmit_failed)");
    assert_eq!(failed.apply(Event::Submitted { at: at(2) }).unwrap().to_string(), "submitted(queued)");
    assert_eq!(failed.apply(Event::Cancelled).unwrap().to_string(), "ready(transmit_failed) cancelled");
}

#[test]
fn a_held_claim_is_not_marked_ready_until_released() {
    let held = play(&[Event::MarkedReady, Event::Held]);
    assert_eq!(held.to_string(), "draft(held)");
    assert!(held.apply(Event::MarkedReady).is_err());
    assert_eq!(held.apply(Event::Released).and_then(|s| s.apply(Event::MarkedReady)).unwrap().status, Status::Ready);
}

#[test]
fn a_reversed_payment_is_decided_anew() {
    let reversed = submitted(&[Event::Paid { kind: PaidKind::Full, at: at(1) }, Event::Reversed { at: at(2) }]);
    assert_eq!(reversed.to_string(), "submitted(reversed)");
    assert_eq!(reversed.apply(Event::Rejected { by: Rejector::Payer, at: at(9) }), Ok(reversed));
    let denied = reversed.apply(Event::Denied { kind: DeniedKind::Plain, at: at(3) }).unwrap();
    assert_eq!(denied.to_string(), "denied(denied)");
}

#[test]
fn a_denial_is_appealed_or_closed() {
    let denied = submitted(&[Event::Denied { kind: DeniedKind::Appealable, at: at(1) }]);
    let appealed = denied.apply(Event::Appealed { at: at(2) }).unwrap();
    assert_eq!(appealed.to_string(), "submitted(appealed)");
    assert_eq!(appealed.apply(Event::Paid { kind: PaidKind::Full, at: at(3) }).unwrap().status, Status::Paid);
    let reversed = appealed.apply(Event::Reversed { at: at(3) }).unwrap();
    assert_eq!(reversed.to_string(), "submitted(reversed)", "the payer takes the denial back before it decides anew");
    let closed = denied.apply(Event::DenialClosed { write_off: true }).unwrap();
    assert_eq!(closed.to_string(), "denied(denied_final) written_off");
    let given_up = denied.apply(Event::DenialClosed { write_off: false }).unwrap();
    assert!(given_up.apply(Event::Appealed { at: at(2) }).is_err(), "it was accepted");
}

#[test]
fn a_second_payment_without_a_reversal_is_refused() {
    let paid = submitted(&[Event::Paid { kind: PaidKind::Full, at: at(1) }]);
    assert!(paid.apply(Event::Paid { kind: PaidKind::Full, at: at(2) }).is_err());
}

#[test]
fn a_refusal_names_state_event_and_what_is_possible() {
    let illegal = State::DRAFTED.apply(Event::Submitted { at: at(0) }).unwrap_err();
    let failure = Failure::from(illegal);
    let said = "CLAIM_INVALID_TRANSITION: claim is DRAFT: it can't be submitted; mark it ready, edit or cancel it";
    assert_eq!(failure.to_string(), said);
    let Detail::Transition { from, attempted, allowed } = failure.detail else { panic!("no details") };
    assert_eq!((from.as_str(), attempted.as_str()), ("draft(none)", "submitted"));
    assert_eq!(allowed, ["validation_failed", "validation_passed", "held", "edited", "marked_ready", "cancelled"]);
}

#[test]
fn a_refusal_reads_as_a_sentence_about_the_claim() {
    let refused = |state: State, event: Event| state.apply(event).unwrap_err().to_string();
    let submit = Event::Submitted { at: at(0) };
    let failed = State::DRAFTED.apply(Event::ValidationFailed).unwrap();
    assert_eq!(
        refused(failed, submit),
        "claim is DRAFT (validation failed): it can't be submitted; correct it and mark it ready, or cancel it"
    );
    let rejected = submitted(&[Event::Rejected { by: Rejector::Payer, at: at(1) }]);
    assert_eq!(
        refused(rejected, Event::Cancelled),
        "claim is DRAFT (rejected payer): it can't be cancelled; correct it and mark it ready"
    );
    let ready = State::DRAFTED.apply(Event::MarkedReady).unwrap();
    assert_eq!(
        refused(ready, Event::MarkedReady),
        "claim is READY: it can't be marked ready; submit, edit or cancel it"
    );
    assert_eq!(
        refused(submitted(&[]), Event::Edited),
        "claim is SUBMITTED (queued): it can't be edited; wait until it is sent and answered"
    );
    let denied = submitted(&[Event::Denied { kind: DeniedKind::Plain, at: at(1) }]);
    assert_eq!(
        refused(denied, submit),
        "claim is DENIED: it can't be submitted; appeal, close the denial, replace or void it, or wait until the payer takes it back"
    );
    let cancelled = ready.apply(Event::Cancelled).unwrap();
    assert_eq!(
        refused(cancelled, submit),
        "claim is READY and cancelled: it can't be submitted; nothing more can be done with it"
    );
}

/// What a refusal advises to do is what the machine allows.
#[test]
fn advice_is_possible_from_where_it_is_given() {
    for (status, payer_states) in ALLOWED_PAIRS {
        for (payer_state, was_transmitted) in payer_states.iter().flat_map(|state| [(*state, false), (*state, true)]) {
            let is_pending = matches!(payer_state, PayerState::VoidPending | PayerState::ReplacementPending);
            let standing = is_pending.then_some((Status::Paid, PayerState::PaidFull));
            let state = State { status: *status, payer_state, was_transmitted, standing, ..State::DRAFTED };
            let advice = words::advice(state);
            for (word, event) in [
                ("mark it ready", EventKind::MarkedReady),
                ("edit", EventKind::Edited),
                ("cancel", EventKind::Cancelled),
                ("submit", EventKind::Submitted),
                ("release", EventKind::Released),
                ("appeal", EventKind::Appealed),
                ("close the denial", EventKind::DenialClosed),
                ("replace", EventKind::ReplacementRequested),
                ("void", EventKind::VoidRequested),
            ] {
                assert!(!advice.contains(word) || state.allowed().any(|kind| kind == event), "{state}: {advice}");
            }
        }
    }
}

#[test]
fn every_state_of_the_payer_belongs_to_exactly_one_status() {
    for state in PayerState::ALL {
        let homes = Status::ALL.iter().filter(|status| is_allowed(**status, *state)).count();
        assert_eq!(homes, if *state == PayerState::None { 2 } else { 1 }, "{state}");
    }
}
