//! A server of one test's own, with people who are logged in.
#![expect(clippy::expect_used, reason = "without its server a test can only stop")]

use std::sync::Arc;

use audit::{MacKeys, Vault};
use kernel::Clock;
use kernel::page::TokenKey;
use server::access::Access;
use server::app::{App, Settings, bind};
use server::founder::{Founder, OperatorIssues};
use server::reference::{File, Kind};
use server::workload::Issuer;
use tenancy::password::Cost;
use tenancy::token::Env;
use testkit::TestDb;
use therapy_claims::client::{Client, request_id};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::common::v1 as common;
use therapy_claims::tenancy::v1 as pb;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::service::Routes;
use tower::Layer;

use crate::marks::Marks;
use crate::watch::{WatchLayer, Watched, Watching};

/// The real server on a free port of this machine. It ends with the value.
pub(crate) struct TestServer {
    pub(crate) endpoint: String,
    pub(crate) db: TestDb,
    pub(crate) founder: String,
    pub(crate) issuer: Arc<dyn Issuer>,
    /// The same server without a wire in between.
    pub(crate) service: Watched<Access<Routes>>,
    /// Its pool of the application's role, and its batcher.
    pub(crate) vault: Vault,
    end: oneshot::Sender<()>,
    served: JoinHandle<()>,
    watching: Watching,
}

/// A practice with a user of each role; every client acts in this practice.
pub(crate) struct Practice {
    pub(crate) id: String,
    pub(crate) admin: Client,
    pub(crate) therapist: Client,
    pub(crate) billing: Client,
    pub(crate) front_desk: Client,
    /// The therapist that the user `therapist` is.
    pub(crate) therapist_id: String,
    pub(crate) tokens: [String; 4],
    marks: Marks,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_at(Clock::system()).await
    }

    pub(crate) async fn start_at(clock: Clock) -> Self {
        Self::start_with(clock, 8).await
    }

    /// With so many connections of the application's role.
    pub(crate) async fn start_with(clock: Clock, connections: usize) -> Self {
        let db = TestDb::new().await;
        let urls = [db.url_as("claims_app"), db.url_as("claims_audit")];
        Self::start_on(db, urls, MacKeys::known(), clock, connections).await
    }

    /// On that database, which the roles of the application and of the audit batcher reach by these URLs.
    pub(crate) async fn start_on(
        db: TestDb,
        urls: [String; 2],
        audit_keys: MacKeys,
        clock: Clock,
        connections: usize,
    ) -> Self {
        let watching = Watching::begin();
        let [app_url, audit_url] = urls;
        let payers = File { name: None, text: include_str!("../../data/payers.json"), valid_from: None };
        Kind::Payers.load(&db.url_as("claims_migrator"), payers).await.expect("payers");
        let partners = File { name: None, text: include_str!("../../data/trading_partners.json"), valid_from: None };
        Kind::TradingPartners.load(&db.url_as("claims_migrator"), partners).await.expect("partners");
        let settings = Settings {
            app_url,
            audit_url,
            feed_url: db.url_as("claims_feed"),
            connections,
            env: Env::new("test").expect("env"),
            page_key: TokenKey::new(b"a key for tests"),
            audit_keys,
            checkpoints: None,
            password_cost: Cost::CHEAP,
            reflection: true,
            // throw-away databases give durability up for speed
            durable: false,
            tls: None,
            clock,
        };
        let app = App::open(settings).await.expect("the server opens");
        let listener = bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let founder = Founder::settle(app.parts(), 1).await.expect("a founder");
        let issuer = Arc::new(OperatorIssues(app.parts().operator("a test")));
        let service = WatchLayer.layer(app.service().await.expect("services"));
        let vault = app.parts().vault.clone();
        let (end, ended) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "it ends with the TestServer, whose database goes then")]
        let served = tokio::spawn(async move {
            let ended = async {
                // dropped is as good as sent
                let _ = ended.await;
            };
            app.serve_behind(WatchLayer, listener, ended).await.expect("serves to the end");
        });
        let founder = founder.log_in(&endpoint).await.expect("the founder logs in");
        Self { endpoint, db, founder, issuer, service, vault, end, served, watching }
    }

    /// Tells the server to end, and waits until it has. Its database stays as long as what comes back.
    pub(crate) async fn stop(self) -> TestDb {
        // the database goes last; these would keep the server's inside
        let Self { endpoint: _, db, founder: _, issuer, service, vault, end, served, watching: _watching } = self;
        drop((issuer, service, vault, end));
        served.await.expect("it ends in good order");
        db
    }

    pub(crate) async fn client(&self, token: &str) -> Client {
        Client::connect(self.endpoint.clone(), token).await.expect("connects")
    }

    /// Founds a practice and hires a user of each role.
    pub(crate) async fn practice(&self, name: &str) -> Practice {
        let founder = self.client(&self.founder).await;
        let request = pb::CreatePracticeRequest { practice: Some(practice(name)), request_id: request_id() };
        let id = founder.practices().create_practice(request).await.expect("a practice").into_inner().id;
        let owner = founder.in_practice(&id).expect("an id");
        let therapist_id = create_therapist(&owner).await;
        let mut hired = Vec::new();
        for role in [pb::Role::Admin, pb::Role::Therapist, pb::Role::Billing, pb::Role::FrontDesk] {
            let own = if role == pb::Role::Therapist { therapist_id.clone() } else { String::new() };
            hired.push(self.hire(&owner, name, role, own).await);
        }
        let tokens: [String; 4] = hired.try_into().expect("four roles");
        let marks = Marks::new(name);
        self.watching.plant(&id, marks.sought());
        for token in &tokens {
            self.watching.allow(token, &id);
        }
        let [admin, therapist, billing, front_desk] = &tokens;
        Practice {
            admin: self.client(admin).await.in_practice(&id).expect("an id"),
            therapist: self.client(therapist).await.in_practice(&id).expect("an id"),
            billing: self.client(billing).await.in_practice(&id).expect("an id"),
            front_desk: self.client(front_desk).await.in_practice(&id).expect("an id"),
            id,
            therapist_id,
            tokens,
            marks,
        }
    }

    /// A verified and trained member, and the token of one who has just logged in.
    pub(crate) async fn hire(&self, owner: &Client, practice: &str, role: pb::Role, therapist_id: String) -> String {
        let email = format!("{}.{practice}@example.com", role.as_str_name().to_ascii_lowercase());
        let password = password_of(&email);
        let user = pb::User {
            email: email.clone(),
            first_name: "Test".into(),
            last_name: role.as_str_name().into(),
            is_verified: true,
            phi_training_completed: true,
            ..pb::User::default()
        };
        let request = pb::CreateUserRequest {
            user: Some(user),
            password: password.clone(),
            role: role.into(),
            therapist_id,
            ..pb::CreateUserRequest::default()
        };
        owner.users().create_user(request).await.expect("a user");
        let client = self.client("").await;
        client
            .auth()
            .login(pb::LoginRequest { email, password, ..Default::default() })
            .await
            .expect("logs in")
            .into_inner()
            .token
    }

    /// A service account with those scopes in the practices, and its token.
    pub(crate) async fn account(&self, name: &str, practices: &[&Practice], scopes: &[&str]) -> String {
        let founder = self.client(&self.founder).await;
        let grant = pb::ServiceGrant { scopes: scopes.iter().map(|s| (*s).to_owned()).collect(), ..Default::default() };
        let [home, others @ ..] = practices else { panic!("a service account needs a practice") };
        let home = founder.clone().in_practice(&home.id).expect("an id");
        let account = pb::ServiceAccount { name: name.into(), ..Default::default() };
        let request = pb::CreateServiceAccountRequest {
            service_account: Some(account),
            grant: Some(grant.clone()),
            ..Default::default()
        };
        let id = home.auth().create_service_account(request).await.expect("an account").into_inner().id;
        for other in others {
            let there = founder.clone().in_practice(&other.id).expect("an id");
            let request = pb::GrantServiceAccountRequest {
                service_account_id: id.clone(),
                grant: Some(grant.clone()),
                ..Default::default()
            };
            there.auth().grant_service_account(request).await.expect("a grant");
        }
        let request = pb::IssueTokenRequest { service_account_id: id, ..Default::default() };
        let token = home.auth().issue_token(request).await.expect("a token").into_inner().secret;
        for practice in practices {
            self.watching.allow(&token, &practice.id);
        }
        token
    }
}

impl Practice {
    /// What is true of its patients and of nobody else's.
    pub(crate) const fn marks(&self) -> &Marks {
        &self.marks
    }
}

/// The password of somebody who was hired.
pub(crate) fn password_of(email: &str) -> String {
    format!("password of {email}")
}

/// A practice that a claim can be billed from.
pub(crate) fn practice(name: &str) -> pb::Practice {
    pb::Practice {
        name: name.into(),
        npi: "1234567893".into(),
        tax_id: "123456789".into(),
        tax_id_type: pb::TaxIdType::Ein.into(),
        taxonomy: "101YM0800X".into(),
        phone: "6175550134".into(),
        contact_name: "Billing Office".into(),
        time_zone: "America/New_York".into(),
        address: Some(address()),
        ..pb::Practice::default()
    }
}

pub(crate) fn address() -> common::Address {
    common::Address {
        line1: "12 Main Street".into(),
        line2: String::new(),
        city: "Boston".into(),
        state: "MA".into(),
        zip_code: "021081234".into(),
    }
}

async fn create_therapist(owner: &Client) -> String {
    let request = clinical::CreateTherapistRequest { therapist: Some(therapist()), request_id: request_id() };
    owner.therapists().create_therapist(request).await.expect("a therapist").into_inner().id
}

/// A therapist who may bill.
pub(crate) fn therapist() -> clinical::Therapist {
    clinical::Therapist {
        first_name: "Thea".into(),
        last_name: "Rapist".into(),
        npi: "1987654328".into(),
        taxonomy: "101YM0800X".into(),
        license_number: "LMHC1234".into(),
        license_state: "MA".into(),
        license_level: clinical::LicenseLevel::Independent.into(),
        ..clinical::Therapist::default()
    }
}
