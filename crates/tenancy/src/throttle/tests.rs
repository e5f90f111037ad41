//! Who has to wait, and for how long.

use kernel::Clock;

use super::*;

const PEER: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

async fn fail(throttle: &Throttle, account: &str, peer: Option<IpAddr>, now: DateTime<Utc>, times: u32) {
    for _ in 0..times {
        throttle.admit(account, peer, now).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_waits_after_its_failures() {
    let (throttle, now) = (Throttle::default(), Clock::system().now());
    fail(&throttle, "a@example.test", PEER, now, ACCOUNT_MAX).await;
    let later = now + TimeDelta::minutes(5);
    let throttled = throttle.admit("A@example.test ", PEER, later).await.unwrap_err();
    assert_eq!(throttled, Throttled { retry_after: Duration::from_secs(600), is_first: true });
    assert!(!throttle.admit("a@example.test", PEER, later).await.unwrap_err().is_first);
    // neither another account nor another address suffers for it
    throttle.admit("b@example.test", PEER, later).await.unwrap();
    throttle.admit("a@example.test", None, later).await.unwrap();
}

#[tokio::test]
async fn the_wait_ends() {
    let (throttle, now) = (Throttle::default(), Clock::system().now());
    fail(&throttle, "a", PEER, now, ACCOUNT_MAX).await;
    throttle.admit("a", PEER, now + TimeDelta::minutes(15)).await.unwrap();
}

#[tokio::test]
async fn a_success_forgives() {
    let (throttle, now) = (Throttle::default(), Clock::system().now());
    for _ in 0..5 {
        fail(&throttle, "a", PEER, now, ACCOUNT_MAX - 1).await;
        throttle.admit("a", PEER, now).await.unwrap().succeeded();
    }
}

#[tokio::test]
async fn guessing_through_many_accounts_is_noticed() {
    let (throttle, now) = (Throttle::default(), Clock::system().now());
    for account in 0..ADDRESS_MAX {
        throttle.admit(&account.to_string(), PEER, now).await.unwrap();
    }
    assert!(throttle.admit("another", PEER, now).await.is_err());
}
