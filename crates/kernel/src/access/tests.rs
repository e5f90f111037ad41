//! The matrix as reviewers read it, and each gate on its own.

use std::fmt::Write as _;

use super::*;
use crate::clock::Clock;
use crate::id::{BreakGlassId, ServiceAccountId, UserId};

fn method(permission: Permission, phi: PhiUse) -> Method {
    Method { path: "/t/M", permission, phi, mutates: false, streams: false }
}

fn person(role: Role) -> (Identity, PracticeId) {
    let practice_id = PracticeId::new();
    let identity = Identity {
        actor: Actor::User(UserId::new()),
        key_id: "k".into(),
        standing: Standing::Person {
            is_verified: true,
            phi_training_completed: true,
            phi_training_expires_at: None,
            active_practice_id: Some(practice_id),
            memberships: vec![Membership {
                practice_id,
                role,
                is_owner: false,
                therapist_id: Some(TherapistId::new()),
                lacks_totp: false,
            }],
            break_glasses: Vec::new(),
        },
    };
    (identity, practice_id)
}

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

#[test]
fn the_matrix_reads_as_reviewed() {
    let mut text = format!(
        "{:<24}{:<8}{:<11}{:<9}{:<12}service scope\n",
        "permission", "admin", "therapist", "billing", "front_desk"
    );
    for permission in Permission::ALL {
        let [a, t, b, f] = permission.levels().map(|l| match l {
            Level::No => "-",
            Level::Own => "own",
            Level::Masked => "masked",
            Level::Propose => "propose",
            Level::All => "all",
        });
        let scope = permission.service_scope().unwrap_or("-");
        writeln!(text, "{permission:<24}{a:<8}{t:<11}{b:<9}{f:<12}{scope}").unwrap();
    }
    insta::assert_snapshot!("permission_matrix", text);
}

#[test]
fn every_service_scope_opens_something() {
    for scope in SERVICE_SCOPES {
        assert!(Permission::ALL.iter().any(|p| p.service_scope() == Some(scope)), "{scope}");
    }
}

#[test]
fn an_unverified_user_is_refused_before_anything_else() {
    let (mut identity, practice) = person(Role::Admin);
    let Standing::Person { is_verified, .. } = &mut identity.standing else { panic!("a person") };
    *is_verified = false;
    assert_eq!(
        decide(&identity, practice, &method(Permission::TherapistsRead, PhiUse::None), now()),
        Err(Denied::NotVerified)
    );
}

#[test]
fn phi_needs_training_that_has_not_expired() {
    let (identity, practice) = person(Role::Admin);
    let phi = method(Permission::PatientsRead, PhiUse::Read);
    assert!(decide(&identity, practice, &phi, now()).is_ok());
    for (completed, expires) in [(false, None), (true, Some(now() - chrono::TimeDelta::seconds(1)))] {
        let mut identity = identity.clone();
        let Standing::Person { phi_training_completed, phi_training_expires_at, .. } = &mut identity.standing else {
            panic!("a person")
        };
        (*phi_training_completed, *phi_training_expires_at) = (completed, expires);
        assert_eq!(decide(&identity, practice, &phi, now()), Err(Denied::PhiTraining));
        assert!(decide(&identity, practice, &method(Permission::TherapistsRead, PhiUse::None), now()).is_ok());
    }
}

#[test]
fn another_practice_is_out_of_reach() {
    let (identity, _) = person(Role::Admin);
    assert_eq!(
        decide(&identity, PracticeId::new(), &method(Permission::PatientsRead, PhiUse::Read), now()),
        Err(Denied::NotAMember)
    );
}

#[test]
fn a_member_without_the_second_factor_that_a_practice_demands_is_refused_there_and_only_there() {
    let (mut identity, practice) = person(Role::Admin);
    let elsewhere = PracticeId::new();
    let Standing::Person { memberships, .. } = &mut identity.standing else { panic!("a person") };
    memberships.push(Membership { practice_id: elsewhere, ..memberships[0] });
    memberships[0].lacks_totp = true;
    // whatever the permission, and before it is looked at
    for permission in [Permission::PracticesRead, Permission::FeedSeek, Permission::PracticesUpdate] {
        let method = method(permission, PhiUse::None);
        assert_eq!(decide(&identity, practice, &method, now()), Err(Denied::SecondFactor), "{permission}");
    }
    assert!(decide(&identity, elsewhere, &method(Permission::PracticesRead, PhiUse::None), now()).is_ok());
}

#[test]
fn a_therapist_reaches_only_the_own_patients() {
    let (identity, practice) = person(Role::Therapist);
    let granted = decide(&identity, practice, &method(Permission::PatientsRead, PhiUse::Read), now()).unwrap();
    assert_eq!(granted.level, Level::Own);
    assert!(granted.own.is_some());
}

#[test]
fn billing_proposes_what_an_admin_does() {
    for permission in [Permission::ClaimsVoid, Permission::ClaimsWriteOff, Permission::ClaimsOverrideFiling] {
        let level = |role| {
            let (identity, practice) = person(role);
            decide(&identity, practice, &method(permission, PhiUse::Write), now()).map(|granted| granted.level)
        };
        assert_eq!(level(Role::Admin), Ok(Level::All), "{permission}");
        assert_eq!(level(Role::Billing), Ok(Level::Propose), "{permission}");
        assert_eq!(level(Role::Therapist), Err(Denied::Permission), "{permission}");
        assert_eq!(level(Role::FrontDesk), Err(Denied::Permission), "{permission}");
    }
}

#[test]
fn an_emergency_opens_one_patient_for_reading_until_it_expires() {
    let (mut identity, practice_id) = person(Role::Therapist);
    let (patient_id, expires_at) = (PatientId::new(), now());
    let glass = |practice_id| BreakGlass { id: BreakGlassId::new(), practice_id, patient_id, expires_at };
    let Standing::Person { break_glasses, .. } = &mut identity.standing else { panic!("a person") };
    *break_glasses = vec![glass(practice_id), glass(PracticeId::new())];
    let read = method(Permission::PatientsRead, PhiUse::Read);
    let reached = |method: &Method, now| {
        let own = decide(&identity, practice_id, method, now).unwrap().own.unwrap();
        own.patients().collect::<Vec<_>>()
    };
    let second = chrono::TimeDelta::seconds(1);
    assert_eq!(reached(&read, expires_at - second), [patient_id]);
    assert_eq!(reached(&read, expires_at), []);
    let write = Method { mutates: true, ..method(Permission::PatientsWrite, PhiUse::Write) };
    assert_eq!(reached(&write, expires_at - second), []);
}

#[test]
fn a_service_account_needs_the_scope_in_that_practice() {
    let practice_id = PracticeId::new();
    let identity = Identity {
        actor: Actor::Service(ServiceAccountId::new()),
        key_id: "k".into(),
        standing: Standing::Machine { grants: vec![ServiceGrant { practice_id, scopes: vec!["acks:write".into()] }] },
    };
    assert!(decide(&identity, practice_id, &method(Permission::AcksWrite, PhiUse::Write), now()).is_ok());
    assert_eq!(
        decide(&identity, practice_id, &method(Permission::RemitsWrite, PhiUse::Write), now()),
        Err(Denied::Permission)
    );
    assert_eq!(
        decide(&identity, practice_id, &method(Permission::PatientsRead, PhiUse::Read), now()),
        Err(Denied::Permission)
    );
    assert_eq!(
        decide(&identity, PracticeId::new(), &method(Permission::AcksWrite, PhiUse::Write), now()),
        Err(Denied::NotAMember)
    );
}
