//! `claimsd admin`, as the operator runs it: every command, its JSON, and what stays off the command line and on record.

use audit::MacKeys;
use clap::Parser;
use diesel_async::RunQueryDsl;
use kernel::Clock;
use kernel::page::TokenKey;
use schema::Db;
use serde_json::Value;
use server::app::{App, Settings};
use server::command::admin::act;
use server::config::{Cli, Command};
use tenancy::operator::Operator;
use tenancy::password::Cost;
use tenancy::token::Env;
use testkit::TestDb;

struct Desk {
    operator: Operator,
    migrator_url: String,
}

impl Desk {
    async fn run(&self, args: &str, input: &str) -> Result<Vec<Value>, kernel::Failure> {
        let deployment =
            "--database-url=x --audit-database-url=x --feed-database-url=x --audit-key-file=x --environment=test";
        let command = ["claimsd", "admin"].into_iter().chain(deployment.split(' ')).chain(args.split(' '));
        let Some(Command::Admin(admin)) = Cli::try_parse_from(command).unwrap().command else { panic!("{args}") };
        act(&self.operator, admin.action, &mut input.as_bytes()).await
    }

    async fn rows(&self, args: &str, input: &str) -> Vec<Value> {
        self.run(args, input).await.unwrap_or_else(|failure| panic!("{args}: {failure} {:?}", failure.violations()))
    }

    async fn row(&self, args: &str, input: &str) -> Value {
        self.rows(args, input).await.remove(0)
    }

    async fn refused(&self, args: &str) -> &'static str {
        self.run(args, "").await.unwrap_err().reason
    }
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} of {row}"))
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    line: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_does_everything_that_a_practice_may_need() {
    let db = TestDb::new().await;
    let settings = Settings {
        app_url: db.url_as("claims_app"),
        audit_url: db.url_as("claims_audit"),
        feed_url: db.url_as("claims_feed"),
        connections: 4,
        env: Env::new("test").unwrap(),
        page_key: TokenKey::new(b"a key for tests"),
        audit_keys: MacKeys::known(),
        checkpoints: None,
        password_cost: Cost::CHEAP,
        reflection: true,
        // throw-away databases give durability up for speed
        durable: false,
        tls: None,
        clock: Clock::system(),
    };
    let app = App::open(settings).await.unwrap();
    let desk = Desk { operator: app.parts().operator("claimsd admin"), migrator_url: db.url_as("claims_migrator") };
    let mut owner = Db::new(&db.url_as("postgres"), 1).unwrap().directory().await.unwrap();
    let practice =
        "practice create --name Harbor --npi 1234567893 --street Way --city Boston --state MA --zip-code 021101234";
    let practice = text(&desk.row(practice, "123456789\n").await, "id").to_owned();
    assert_eq!(desk.rows(&format!("practice list --migrator-database-url {}", desk.migrator_url), "").await.len(), 1);

    let person = "--email ada@example.com --first-name Ada --last-name Tester";
    let invited = desk.row(&format!("user invite --practice {practice} {person} --role admin --owner"), "").await;
    let ada = text(&invited, "id").to_owned();
    assert!(text(&invited, "one_time_token").starts_with("tc_test_invite_"));
    let of = format!("--practice {practice} --user {ada}");
    assert!(
        text(&desk.row(&format!("user reset-password {of}"), "").await, "one_time_token").starts_with("tc_test_reset_")
    );
    assert_eq!(desk.row(&format!("user verify {of} --phi-trained"), "").await["is_verified"], true);
    assert_eq!(desk.refused(&format!("user suspend {of}")).await, "LAST_OWNER");
    assert_eq!(desk.refused(&format!("user unverify {of}")).await, "LAST_OWNER");
    let person = "--email eve@example.com --first-name Eve --last-name Tester";
    let eve = desk.row(&format!("user invite --practice {practice} {person} --role billing --verified"), "").await;
    let eve = format!("--practice {practice} --user {}", text(&eve, "id"));
    assert_eq!(desk.row(&format!("membership set {eve} --role admin --owner"), "").await["is_owner"], true);
    assert_eq!(desk.row(&format!("user suspend {of}"), "").await["is_active"], false);
    assert_eq!(desk.refused(&format!("user unverify {eve}")).await, "LAST_OWNER");
    assert_eq!(desk.row(&format!("user unverify {eve} --last-owner"), "").await["is_verified"], false);
    assert_eq!(desk.row(&format!("user verify {eve}"), "").await["is_verified"], true);
    assert_eq!(desk.row(&format!("user reactivate {of}"), "").await["is_active"], true);
    assert_eq!(desk.row(&format!("membership end {of}"), "").await["is_active"], false);
    assert_eq!(desk.rows(&format!("user list --practice {practice}"), "").await.len(), 2);

    let account = format!("account create --practice {practice} --name adapter --scopes claims:stream,acks:write");
    let account = format!("--practice {practice} --account {}", text(&desk.row(&account, "").await, "id"));
    let token = desk.row(&format!("token issue {account}"), "").await;
    assert!(text(&token, "secret").starts_with("tc_test_service_"));
    let token = format!("--practice {practice} --token {}", text(&token, "id"));
    let rotated = desk.row(&format!("token rotate {token} --overlap-minutes 5"), "").await;
    assert!(text(&rotated, "secret").starts_with("tc_test_service_"));
    assert_eq!(desk.rows(&format!("token list {account}"), "").await.len(), 2);
    desk.row(&format!("token revoke {token}"), "").await;
    assert_eq!(desk.rows(&format!("token list {account}"), "").await.len(), 1);
    assert_eq!(desk.row(&format!("account suspend {account}"), "").await["is_active"], false);
    assert_eq!(desk.row(&format!("account reactivate {account}"), "").await["is_active"], true);
    let fingerprint = ["ab"; 32].join(":");
    let bound =
        desk.row(&format!("account bind-certificate {account} --fingerprint {fingerprint} --label 2026"), "").await;
    assert_eq!(bound["certificates"][0]["label"], "2026");
    let listed = desk.row(&format!("account list --practice {practice}"), "").await;
    assert_eq!(listed["certificates"], bound["certificates"]);
    let known = text(&bound["certificates"][0], "fingerprint");
    let unbound = desk.row(&format!("account unbind-certificate {account} --fingerprint {known}"), "").await;
    assert_eq!(unbound["certificates"], serde_json::json!([]));
    assert!(desk.row(&format!("account grant {account} --scopes claims:read"), "").await["valid_to"].is_null());
    assert!(desk.row(&format!("account revoke {account}"), "").await["valid_to"].is_string());
    assert_eq!(desk.rows(&format!("account list --practice {practice}"), "").await.len(), 1);

    let query = format!(
        "SELECT concat_ws(' ', actor_kind, action, resource_type, count(*)) AS line FROM audit.entries \
         WHERE practice_id = '{practice}' GROUP BY actor_kind, action, resource_type ORDER BY 1"
    );
    let trail: Vec<Line> = diesel::sql_query(query).get_results(&mut *owner).await.unwrap();
    let trail: Vec<_> = trail.into_iter().map(|row| row.line).collect();
    assert_eq!(
        trail,
        [
            "system create practice 1",
            "system create user 2",
            "system permission_change membership 4",
            "system permission_change service_account 5",
            "system permission_change service_grant 2",
            "system permission_change token 3",
            "system permission_change user 6",
        ]
    );
}
