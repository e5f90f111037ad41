use chrono::DateTime;
use kernel::error::Detail;

use super::*;

const MOVES: [Move; 3] = [Move::Update, Move::Complete, Move::Cancel];

#[test]
fn only_a_scheduled_session_moves() {
    for status in SessionStatus::ALL {
        for step in MOVES {
            let after = status.after(step);
            assert_eq!(after.is_ok(), *status == SessionStatus::Scheduled, "{step:?} from {status}");
            assert_eq!(after.is_ok(), status.allowed().contains(&step));
        }
    }
    assert_eq!(SessionStatus::Scheduled.after(Move::Complete).ok(), Some(SessionStatus::Completed));
    assert_eq!(SessionStatus::Scheduled.after(Move::Cancel).ok(), Some(SessionStatus::Cancelled));
    assert_eq!(SessionStatus::Scheduled.after(Move::Update).ok(), Some(SessionStatus::Scheduled));
}

#[test]
fn a_refusal_tells_from_where_and_what_is_possible() {
    let failure = SessionStatus::Cancelled.after(Move::Complete).unwrap_err();
    let Detail::Transition { from, attempted, allowed } = failure.detail else { panic!("{failure}") };
    assert_eq!((from.as_str(), attempted.as_str(), allowed), ("cancelled", "complete", vec![]));
}

#[test]
fn an_add_on_is_stored_with_its_fee_as_text() {
    let add_on = AddOn { cpt_code: "90785".to_owned(), fee: "20".parse().unwrap() };
    let json = serde_json::to_string(&add_on).unwrap();
    assert_eq!(json, r#"{"cpt_code":"90785","fee":"20.00"}"#);
    assert_eq!(serde_json::from_str::<AddOn>(&json).unwrap(), add_on);
    assert_eq!(format!("{add_on:?}"), "AddOn(..)");
}

#[test]
fn a_local_date_follows_the_zone() {
    // two in the morning in London, and daylight saving time has begun in New York
    let at = DateTime::from_timestamp(1_773_712_800, 0).unwrap();
    for (zone, day) in
        [("America/New_York", "2026-03-16"), ("Europe/London", "2026-03-17"), ("Asia/Tokyo", "2026-03-17")]
    {
        assert_eq!(crate::billing::local_date(zone, at).unwrap().to_string(), day, "{zone}");
    }
    assert!(crate::billing::local_date("Mars/Olympus", at).is_err());
}
