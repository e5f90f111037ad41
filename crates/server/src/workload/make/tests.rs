//! The plan keeps to the weights, and is the same every time.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 18).unwrap()
}

fn plans(seed: u64, sessions: usize) -> Vec<Plan> {
    let shape = shape(seed, sessions);
    shape.practices.iter().map(|practice| plan(seed, practice, shape.weeks, day())).collect()
}

#[test]
fn the_same_seed_makes_the_same_plan() {
    assert_eq!(plans(42, 300), plans(42, 300));
    assert_ne!(plans(42, 300), plans(43, 300));
}

#[test]
fn a_run_has_exactly_the_sessions_asked_for_in_three_practices_or_more() {
    for sessions in [0, 1, 7, 30, 200, 399, 400, 2000, 5000] {
        for seed in 0..5 {
            let shape = shape(seed, sessions);
            assert!(shape.practices.len() >= 3, "{sessions} {seed} {shape:?}");
            assert_eq!(plans(seed, sessions).iter().map(|plan| plan.sessions.len()).sum::<usize>(), sessions);
        }
    }
}

#[test]
fn the_shares_are_those_of_the_workload() {
    let plans = plans(1, 5000);
    let sessions: Vec<_> = plans.iter().flat_map(|plan| &plan.sessions).collect();
    let share =
        |what: &dyn Fn(&SessionPlan) -> bool| sessions.iter().filter(|s| what(s)).count() * 1000 / sessions.len();
    let within =
        |share: usize, from: usize, to: usize| assert!((from..=to).contains(&share), "{share} not in {from}..={to}");
    within(share(&|s| matches!(s.fate, Fate::Cancelled(_))), 100, 140);
    within(share(&|s| s.session.self_pay), 300, 400);
    within(share(&|s| s.defect.is_some()), 38, 42);
    within(share(&|s| s.session.place_of_service == "10" || s.session.place_of_service == "02"), 350, 450);
    within(share(&|s| s.session.cpt_code == "90837"), 390, 490);
    within(share(&|s| s.session.cpt_code == "90834"), 290, 390);
    within(share(&|s| !s.session.add_ons.is_empty()), 40, 110);
    let defects: BTreeSet<_> = sessions.iter().filter_map(|s| s.defect).collect();
    assert_eq!(defects.len(), Defect::ALL.len());
}

#[test]
fn no_two_sessions_of_a_therapist_begin_at_once() {
    for plan in plans(3, 5000) {
        let starts: HashSet<_> =
            plan.sessions.iter().map(|s| (s.therapist, s.session.starts_at.unwrap().seconds)).collect();
        assert_eq!(starts.len(), plan.sessions.len());
        let keys: HashSet<_> = plan.sessions.iter().map(|s| &s.key).collect();
        assert_eq!(keys.len(), plan.sessions.len());
    }
}

#[test]
fn a_patient_comes_once_a_day_and_is_evaluated_once() {
    for plan in plans(4, 3000) {
        let mut days = BTreeMap::<_, usize>::new();
        for session in plan.sessions.iter().filter(|s| s.defect.is_none()) {
            let date = session.session.session_date.unwrap();
            *days.entry((session.patient, date.year, date.month, date.day)).or_default() += 1;
        }
        assert!(days.values().all(|count| *count == 1), "{days:?}");
        let evaluations: Vec<_> = plan.sessions.iter().filter(|s| s.session.cpt_code == "90791").collect();
        let patients: HashSet<_> = evaluations.iter().map(|s| s.patient).collect();
        assert_eq!(patients.len(), evaluations.len());
    }
}

#[test]
fn what_took_place_lies_in_the_past_and_what_is_booked_ahead() {
    for plan in plans(5, 2000) {
        for session in &plan.sessions {
            let date = session.session.session_date.unwrap();
            let date = NaiveDate::from_ymd_opt(date.year, date.month.unsigned_abs(), date.day.unsigned_abs()).unwrap();
            assert_eq!(date > day(), session.fate == Fate::Booked, "{} {:?}", session.key, session.fate);
        }
    }
}

#[test]
fn people_have_their_numbers_and_only_their_therapists_are_named() {
    for plan in plans(6, 600) {
        for therapist in &plan.therapists {
            assert!(therapist.therapist.npi.len() == 10 || therapist.therapist.npi.is_empty());
        }
        for patient in &plan.patients {
            assert!(patient.therapist < plan.therapists.len());
            assert!(patient.patient.last_name.len() > 3);
        }
        for session in &plan.sessions {
            assert!(session.therapist < plan.therapists.len() && session.patient < plan.patients.len());
            let patient = &plan.patients[session.patient];
            assert!(
                session.session.self_pay == patient.coverages.is_empty() || session.defect == Some(Defect::NoCoverage)
            );
        }
    }
}

#[test]
fn medicare_pays_second_for_the_disabled_only() {
    let plans = plans(42, 2000);
    let all = plans.iter().flat_map(|plan| &plan.patients);
    let is_second = |c: &&clinical::Coverage| c.sequence() == clinical::PayerSequence::Secondary;
    let seconds = all.flat_map(|p| p.coverages.iter().filter(is_second).map(move |c| (p, c)));
    let (medicare, others): (Vec<_>, Vec<_>) = seconds.partition(|(_, c)| c.filing_indicator == "MB");
    assert!(medicare.len() > 1 && others.len() > medicare.len(), "{} {}", medicare.len(), others.len());
    for (patient, coverage) in medicare {
        assert_eq!(coverage.medicare_secondary_reason(), clinical::MedicareSecondaryReason::Disabled);
        assert_eq!(patient.coverages[0].filing_indicator, "CI");
        assert!(patient.patient.birth_date.unwrap().year > day().year() - 66, "too old to have it as a disabled one");
    }
    for (_, coverage) in others {
        assert_eq!(coverage.medicare_secondary_reason(), clinical::MedicareSecondaryReason::Unspecified);
    }
}

#[test]
fn amounts_survive_the_wire() {
    for amount in [0, 1, 99, 100, 12_345, 9_999_999_999] {
        assert_eq!(cents(&dollars(amount)), Some(amount));
    }
    for text in ["", "1", "1.5", "-1.00", "1.0a", "a.00"] {
        assert_eq!(cents(text), None, "{text}");
    }
}
