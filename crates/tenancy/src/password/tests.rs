//! Right, wrong and nobody's passwords.

use super::*;

fn passwords() -> Passwords {
    Passwords::new(Cost::CHEAP, 2).unwrap()
}

#[tokio::test]
async fn the_right_password_opens_and_a_wrong_one_does_not() {
    let passwords = passwords();
    let stored = passwords.hash("correct horse".into()).await.unwrap();
    assert!(passwords.verify("correct horse".into(), Some(stored.clone())).await.unwrap());
    assert!(!passwords.verify("correct horsf".into(), Some(stored)).await.unwrap());
}

#[tokio::test]
async fn nobody_has_no_password() {
    assert!(!passwords().verify("anything".into(), None).await.unwrap());
}

#[tokio::test]
async fn nobodys_hash_costs_what_everybodys_does() {
    let passwords = passwords();
    let stored = passwords.hash("x".into()).await.unwrap();
    // algorithm, version and parameters of a PHC string
    let cost = |phc: &str| phc.split('$').take(4).collect::<Vec<_>>().join("$");
    assert_eq!(cost(&passwords.0.nobody), cost(&stored));
}

#[tokio::test]
async fn production_hashes_cost_what_owasp_asks_for() {
    let stored = Passwords::new(Cost::OWASP, 1).unwrap().hash("a password".into()).await.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
}

#[tokio::test]
async fn a_hash_of_another_cost_still_verifies() {
    let stored = Passwords::new(Cost { passes: 3, ..Cost::CHEAP }, 1).unwrap().hash("x".into()).await.unwrap();
    assert!(passwords().verify("x".into(), Some(stored)).await.unwrap());
}

#[tokio::test]
async fn who_waits_too_long_is_told_to_come_back() {
    let mut passwords = passwords();
    Arc::get_mut(&mut passwords.0).unwrap().patience = Duration::from_millis(5);
    let _all = Arc::clone(&passwords.0.turns).acquire_many_owned(2).await.unwrap();
    let failure = passwords.hash("x".into()).await.unwrap_err();
    assert_eq!(failure.reason, "LOGIN_BUSY");
}

#[test]
fn debug_prints_no_hash() {
    assert_eq!(format!("{:?}", passwords()), "Passwords { free: 2, .. }");
}
