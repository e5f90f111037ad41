use chrono::DateTime;

use super::*;

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
}

fn status(from: u32, to: Option<u32>) -> NetworkStatus {
    NetworkStatus {
        practice_id: PracticeId::NIL,
        id: NetworkStatusId::new(),
        therapist_id: TherapistId::NIL,
        payer_id: "AETNA".to_owned(),
        status: Participation::InNetwork,
        effective_from: day(from),
        effective_to: to.map(day),
        version: 1,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn the_first_status_just_stands() {
    let settlement = status(5, None).settle(&[]).unwrap();
    assert!(settlement.ended.is_none() && !settlement.corrects);
}

#[test]
fn the_one_before_ends_the_day_before() {
    for to in [None, Some(10), Some(20)] {
        let settlement = status(10, None).settle(&[status(1, to)]).unwrap();
        let ended = settlement.ended.unwrap();
        assert_eq!((ended.effective_to, ended.version), (Some(day(9)), 2));
    }
}

#[test]
fn one_that_ended_before_stays_as_it_is() {
    assert!(status(10, None).settle(&[status(1, Some(9))]).unwrap().ended.is_none());
}

#[test]
fn one_of_the_same_day_is_corrected() {
    let there = status(10, None);
    let settlement = status(10, Some(12)).settle(std::slice::from_ref(&there)).unwrap();
    assert!(settlement.corrects && settlement.ended.is_none());
    assert_eq!((settlement.current.id, settlement.current.version), (there.id, 2));
}

#[test]
fn a_later_one_is_not_cut_into() {
    assert!(status(10, None).settle(&[status(20, None)]).is_err());
    assert!(status(10, Some(20)).settle(&[status(20, None)]).is_err());
    assert!(status(10, Some(19)).settle(&[status(20, None)]).is_ok());
}
