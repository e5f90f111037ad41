//! Every call that touches PHI leaves exactly one entry, in the chain of the practice that it was made for.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use kernel::access::Level;
use kernel::{Permission, Role};
use therapy_claims::Phi;
use tokio::time::timeout;

use crate::dynamic::{Any, keyed, rpcs};
use crate::harness::TestServer;
use crate::world::World;

/// Entries of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
struct Left {
    /// In the practice, under the RPC's name.
    #[diesel(sql_type = BigInt)]
    right: i64,
    #[diesel(sql_type = BigInt)]
    all: i64,
}

async fn left(db: &mut AsyncPgConnection, practice: &str, method: &str, request_id: &str) -> Left {
    diesel::sql_query(
        "SELECT count(*) FILTER (WHERE practice_id = $1::uuid AND method = $2) AS right, count(*) AS all \
         FROM audit.entries WHERE request_id = $3",
    )
    .bind::<Text, _>(practice)
    .bind::<Text, _>(method)
    .bind::<Text, _>(request_id)
    .get_result(db)
    .await
    .unwrap()
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the trail is counted past the server")]
async fn every_call_that_touches_phi_leaves_exactly_one_entry() {
    let server = TestServer::start().await;
    let world = World::make(&server, "trail").await;
    let any = Any::connect(&server.endpoint).await;
    let [admin, therapist, ..] = &world.practice.tokens;
    let [admin, therapist, adapter] =
        [admin, therapist, &world.adapter_token].map(|token| any.with(token, &world.practice.id));
    let mut db = AsyncPgConnection::establish(&server.db.url_as("claims_migrator")).await.unwrap();
    let mut wrong = Vec::new();
    for (number, (method, input)) in rpcs().into_iter().enumerate() {
        if method.phi == Phi::None {
            continue;
        }
        let permission: Permission = method.permission.parse().unwrap();
        let may = |role: Role| role.level(permission) != Level::No;
        let caller = match (may(Role::Admin), may(Role::Therapist)) {
            (true, _) => &admin,
            (false, true) => &therapist,
            (false, false) => &adapter,
        };
        let message = world.aimed(method, &input);
        let request_id = format!("trail-{number}");
        if method.server_streaming {
            // the start tells nothing of anybody, the batch behind it does
            let mut stream = caller.open(method, keyed(message), &request_id).await.unwrap();
            for part in ["start", "batch"] {
                let told = timeout(Duration::from_secs(30), stream.message()).await.expect(part);
                assert!(told.unwrap().is_some(), "{part}");
            }
        } else {
            caller.call(method, keyed(message), &request_id).await;
        }
        let found = left(&mut db, &world.practice.id, method.path, &request_id).await;
        if found != (Left { right: 1, all: 1 }) {
            wrong.push(format!("{} left {found:?}", method.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
