//! Who has to wait, and for how long.

use futures_util::future::join_all;
use kernel::Clock;
use schema::Db;
use testkit::TestDb;

use super::*;

struct Door {
    db: TestDb,
    app: Db,
    now: DateTime<Utc>,
}

impl Door {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let app = Db::new(&db.url_as("claims_app"), 8).unwrap();
        Self { db, app, now: Clock::system().now() }
    }

    async fn knock(&self, account: &str, peer: &str, after: TimeDelta) -> Result<(), Throttled> {
        let lease = self.app.directory().await.unwrap();
        let peer = (!peer.is_empty()).then(|| peer.parse().unwrap());
        Attempt::new(account, peer).admit(&lease, self.now + after).await.unwrap()
    }

    async fn fail(&self, account: &str, peer: &str, times: i32) {
        for _ in 0..times {
            self.knock(account, peer, TimeDelta::zero()).await.unwrap();
        }
    }

    /// As a log-in's transaction does.
    async fn forgive(&self, account: &str, peer: &str) {
        let attempt = Attempt::new(account, Some(peer.parse().unwrap()));
        let mut lease = self.app.directory().await.unwrap();
        use diesel::sql_types::{Binary, Timestamptz};
        let query = diesel::sql_query("SELECT tenancy.login_forgive($1, $2, $3, $4)")
            .bind::<Binary, _>(attempt.pair.as_slice())
            .bind::<Binary, _>(attempt.account.as_slice())
            .bind::<Binary, _>(attempt.address.as_slice())
            .bind::<Timestamptz, _>(self.now + TRUSTED);
        diesel_async::RunQueryDsl::execute(query, &mut *lease).await.unwrap();
    }

    async fn rows(&self) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let mut lease = Db::new(&self.db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
        let count = diesel::sql_query("SELECT count(*) AS count FROM tenancy.login_attempts");
        diesel_async::RunQueryDsl::get_result::<Count>(count, &mut *lease).await.unwrap().count
    }
}

const HERE: &str = "192.0.2.1";
const THERE: &str = "192.0.2.2";

fn later(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

#[tokio::test]
async fn an_account_waits_after_its_failures_where_they_came_from() {
    let door = Door::new().await;
    door.fail("a@example.test", HERE, PAIR_MAX).await;
    let throttled = door.knock("A@example.test ", HERE, later(5)).await.unwrap_err();
    assert_eq!((throttled.retry_after.as_secs(), throttled.is_first), (600, true));
    assert!(!door.knock("a@example.test", HERE, later(5)).await.unwrap_err().is_first);
    // neither another account nor another address suffers for it
    door.knock("b@example.test", HERE, later(5)).await.unwrap();
    door.knock("a@example.test", THERE, later(5)).await.unwrap();
    door.knock("a@example.test", "", later(5)).await.unwrap();
}

#[tokio::test]
async fn a_burst_is_counted_whole() {
    let door = Door::new().await;
    let burst = join_all((0..40).map(|_| door.knock("a", HERE, TimeDelta::zero()))).await;
    assert_eq!(burst.iter().filter(|knock| knock.is_ok()).count(), usize::try_from(PAIR_MAX).unwrap());
    assert_eq!(burst.iter().filter(|knock| knock.is_err_and(|throttled| throttled.is_first)).count(), 1);
}

#[tokio::test]
async fn the_wait_ends() {
    let door = Door::new().await;
    door.fail("a", HERE, PAIR_MAX).await;
    door.knock("a", HERE, later(14)).await.unwrap_err();
    door.knock("a", HERE, later(15)).await.unwrap();
}

#[tokio::test]
async fn a_success_forgives() {
    let door = Door::new().await;
    for _ in 0..5 {
        door.fail("a", HERE, PAIR_MAX).await;
        door.forgive("a", HERE).await;
    }
}

#[tokio::test]
async fn guessing_through_many_accounts_is_noticed() {
    let door = Door::new().await;
    for account in 0..ADDRESS_MAX {
        door.fail(&account.to_string(), HERE, 1).await;
    }
    assert!(door.knock("another", HERE, later(1)).await.unwrap_err().is_first);
    door.knock("another", THERE, later(1)).await.unwrap();
}

#[tokio::test]
async fn what_is_refused_for_one_account_does_not_shut_the_address() {
    let door = Door::new().await;
    door.fail("a", HERE, PAIR_MAX).await;
    for _ in 0..2 * ADDRESS_MAX {
        door.knock("a", HERE, TimeDelta::zero()).await.unwrap_err();
    }
    door.knock("b", HERE, TimeDelta::zero()).await.unwrap();
}

#[tokio::test]
async fn guessing_one_account_from_many_addresses_is_slow_and_never_shuts_it() {
    let door = Door::new().await;
    let far = |n: i32| format!("198.51.100.{n}");
    for n in 0..ACCOUNT_MAX {
        door.fail("a", &far(n), 1).await;
    }
    let throttled = door.knock("a", &far(100), TimeDelta::zero()).await.unwrap_err();
    assert_eq!((throttled.retry_after.as_secs(), throttled.is_first), (30, true));
    assert!(door.knock("a", &far(101), TimeDelta::seconds(29)).await.is_err());
    door.knock("a", &far(102), TimeDelta::seconds(30)).await.unwrap();
    assert!(door.knock("a", &far(103), TimeDelta::seconds(59)).await.is_err(), "one at a time");
    door.knock("a", &far(104), TimeDelta::seconds(60)).await.unwrap();
}

#[tokio::test]
async fn who_is_at_home_in_an_account_does_not_wait_for_others_guesses() {
    let door = Door::new().await;
    door.fail("a", HERE, 1).await;
    door.forgive("a", HERE).await;
    for n in 0..ACCOUNT_MAX + 10 {
        // refused or not
        let _ = door.knock("a", &format!("198.51.100.{n}"), TimeDelta::zero()).await;
    }
    assert!(door.knock("a", THERE, TimeDelta::zero()).await.is_err());
    door.knock("a", HERE, TimeDelta::zero()).await.unwrap();
}

#[tokio::test]
async fn the_addresses_of_one_network_count_together() {
    let door = Door::new().await;
    for n in 0..PAIR_MAX {
        door.fail("a", &format!("2001:db8:0:1::{n}"), 1).await;
    }
    assert!(door.knock("a", "2001:db8:0:1:ffff::1", TimeDelta::zero()).await.is_err());
    door.knock("a", "2001:db8:0:2::1", TimeDelta::zero()).await.unwrap();
    door.fail("b", HERE, PAIR_MAX).await;
    assert!(door.knock("b", &format!("::ffff:{HERE}"), TimeDelta::zero()).await.is_err());
}

#[tokio::test]
async fn what_is_over_is_removed_by_what_follows() {
    let door = Door::new().await;
    for account in 0..20 {
        door.fail(&account.to_string(), HERE, 1).await;
    }
    door.forgive("0", HERE).await;
    assert_eq!(door.rows().await, 41);
    for _ in 0..10 {
        // refused or not
        let _ = door.knock("late", THERE, later(16)).await;
    }
    // the one that is at home, and the three of the late one
    assert_eq!(door.rows().await, 4);
}
