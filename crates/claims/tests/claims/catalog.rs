use claims::claim::PayerSequence;
use claims::lifecycle::{Disposition, PayerState, Status, is_allowed};

use crate::world::World;

/// What a CHECK constraint makes of a row of these columns.
async fn allows(world: &World, constraint: &str, columns: &[(&str, &str)]) -> bool {
    let expression = format!(
        "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = '{constraint}' AND conrelid = 'claims.claims'::regclass"
    );
    let expression = world.ask(&expression).await;
    let row: Vec<String> = columns.iter().map(|(name, value)| format!("'{value}'::text AS {name}")).collect();
    world.ask(&format!("SELECT {expression} FROM (SELECT {}) AS claims", row.join(", "))).await == "true"
}

#[tokio::test]
async fn the_database_allows_the_pairs_of_the_machine_and_no_others() {
    let world = World::new().await;
    for status in Status::ALL {
        for state in PayerState::ALL {
            let columns = [("status", status.as_str()), ("payer_state", state.as_str())];
            let allowed = allows(&world, "claims_payer_state_check", &columns).await;
            assert_eq!(allowed, is_allowed(*status, *state), "{status}({state})");
        }
    }
    assert!(!allows(&world, "claims_payer_state_check", &[("status", "lost"), ("payer_state", "none")]).await);
}

#[tokio::test]
async fn the_closed_sets_are_those_of_the_code() {
    let world = World::new().await;
    let of = async |constraint: &str| {
        let values = format!(
            "SELECT string_agg(v[1], ' ') FROM pg_constraint, \
               regexp_matches(pg_get_constraintdef(oid), '''([^'']+)''::text', 'g') AS v \
             WHERE conname = '{constraint}' AND conrelid = 'claims.claims'::regclass"
        );
        world.ask(&values).await
    };
    let joined = |all: Vec<&str>| all.join(" ");
    assert_eq!(of("claims_status_check").await, joined(Status::ALL.iter().map(|v| v.as_str()).collect()));
    assert_eq!(of("claims_disposition_check").await, joined(Disposition::ALL.iter().map(|v| v.as_str()).collect()));
    assert_eq!(
        of("claims_payer_sequence_check").await,
        joined(PayerSequence::ALL.iter().map(|v| v.as_str()).collect())
    );
}
