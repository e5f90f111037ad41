//! For every RPC a call that ends well, however often it is asked for: what the call uses up is made anew each time.

use std::cell::Cell;

use kernel::access::Level;
use kernel::{Clock, Permission, Role};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use therapy_claims::Method;
use therapy_claims::claims::v1 as claims;
use therapy_claims::client::{Client, request_id};
use therapy_claims::clinical::v1 as clinical;
use therapy_claims::tenancy::v1 as tenancy;
use totp_rs::{Builder, Secret};

use crate::dynamic::decode;
use crate::flow;
use crate::harness::{Practice, TestServer, password_of, therapist};
use crate::isolation::put;
use crate::world::{World, batch, submission_of};

/// Fields by their paths in a request.
type Fields = Vec<(&'static str, String)>;

/// Who sends what.
pub(crate) struct Ready {
    pub(crate) token: String,
    pub(crate) message: DynamicMessage,
    /// Whether anything had to be made for it.
    pub(crate) is_made: bool,
}

/// Makes ready what calls in a world use up.
pub(crate) struct Stage<'a> {
    server: &'a TestServer,
    world: &'a World,
    /// Where people come from who have no place in the world yet.
    elsewhere: &'a World,
    /// A therapist without patients.
    colleague: String,
    adapter: Client,
    /// Counts what was made.
    number: Cell<usize>,
}

/// A member of the practice with a session.
struct Person {
    id: String,
    email: String,
    token: String,
    client: Client,
}

impl<'a> Stage<'a> {
    pub(crate) async fn set(server: &'a TestServer, world: &'a World, elsewhere: &'a World) -> Self {
        let practice = &world.practice;
        let adapter = server.client(&world.adapter_token).await;
        let mut stage = Self { server, world, elsewhere, colleague: String::new(), adapter, number: Cell::default() };
        let therapist_id = stage.therapist().await;
        stage.colleague = server.hire(&practice.admin, "colleague", tenancy::Role::Therapist, therapist_id).await;
        let request = claims::SubscribeRequest::decode(world.request("Subscribe").as_slice()).unwrap();
        let mut stream = stage.adapter.clearinghouse().subscribe(request).await.unwrap().into_inner();
        stream.message().await.unwrap().expect("a start");
        stage
    }

    /// The next call of the RPC.
    pub(crate) async fn ready(&self, method: &Method, input: &MessageDescriptor) -> Ready {
        let rpc = method.path.rsplit('/').next().expect("a path");
        let permission: Permission = method.permission.parse().unwrap();
        let [admin, ..] = &self.world.practice.tokens;
        let may = |role: Role| role.level(permission) != Level::No;
        let mut token = match (may(Role::Admin), may(Role::Therapist)) {
            (true, _) => admin.clone(),
            (false, true) => self.colleague.clone(),
            (false, false) => self.world.adapter_token.clone(),
        };
        if rpc == "GetSubscription" {
            // everybody has their own
            token.clone_from(&self.world.adapter_token);
        }
        let whole = self.whole(rpc).await;
        let is_whole = whole.is_some();
        let mut message = whole.map_or_else(|| self.world.aimed(method, input), |message| decode(input, &message));
        let fields = if let Some((own, fields)) = self.themselves(rpc).await {
            token = own;
            fields
        } else {
            self.fields(rpc).await
        };
        let is_made = is_whole || !fields.is_empty();
        for (path, text) in fields {
            let (mut way, mut inside) = (Vec::new(), input.clone());
            for name in path.split('.') {
                let field = inside.get_field_by_name(name).expect(path);
                if let Some(inner) = field.kind().as_message() {
                    inside = inner.clone();
                }
                way.push(field);
            }
            put(&mut message, &way, &text);
        }
        Ready { token, message, is_made }
    }

    /// Requests that hold more than text.
    async fn whole(&self, rpc: &str) -> Option<Vec<u8>> {
        Some(match rpc {
            "GrantServiceAccount" => {
                let grant = Some(tenancy::ServiceGrant { scopes: vec!["claims:read".into()], ..Default::default() });
                let service_account_id = self.account().await;
                tenancy::GrantServiceAccountRequest { service_account_id, grant, ..Default::default() }.encode_to_vec()
            }
            "Acknowledge" => {
                let request = claims::GetSubscriptionRequest::decode(self.world.request("GetSubscription").as_slice());
                let found = self.adapter.clearinghouse().get_subscription(request.unwrap()).await.unwrap().into_inner();
                let positions = vec![claims::Position { practice_id: self.world.practice.id.clone(), position: 1 }];
                let (subscription, lease_epoch) = (found.name, found.lease_epoch);
                claims::AcknowledgeRequest { subscription, lease_epoch, positions }.encode_to_vec()
            }
            "IngestResponse" => {
                self.submitted().await;
                let content = taken(&batch(&self.adapter).await).into_bytes();
                claims::IngestResponseRequest { content }.encode_to_vec()
            }
            "ReportPayerResponse" => {
                let claim = self.transmitted().await;
                let request = claims::GetClaimRequest { id: claim };
                let claim = self.practice().admin.claims().get_claim(request).await.unwrap().into_inner();
                claims::ReportPayerResponseRequest {
                    claim_number: claim.claim_number,
                    response_id: self.name("response"),
                    response: Some(claims::report_payer_response_request::Response::Received(claims::PayerReceived {})),
                    ..Default::default()
                }
                .encode_to_vec()
            }
            _ => return None,
        })
    }

    /// What a call is about that the call before may have used up.
    async fn fields(&self, rpc: &str) -> Fields {
        let one = |path, text| vec![(path, text)];
        match rpc {
            "DeactivatePatient" => one("id", self.patient().await),
            "OpenBreakGlass" => one("patient_id", self.patient().await),
            "CreateCoverage" => one("coverage.patient_id", self.uncovered().await),
            "UpdateSession" => one("session.id", self.session().await),
            "CompleteSession" | "CancelSession" => one("id", self.session().await),
            "UpdateTherapist" => one("therapist.id", self.therapist().await),
            "DeactivateTherapist" => one("id", self.therapist().await),
            "SetNetworkStatus" => one("network_status.therapist_id", self.therapist().await),
            "ImportTherapists" | "ImportPatients" | "ImportSessions" => one("source_id", self.name("row")),
            "CreateClaim" => vec![("session_id", self.unbilled().await), ("coverage_id", String::new())],
            "UpdateClaim" => {
                let request = claims::GetClaimRequest { id: self.draft().await };
                let claim = self.practice().admin.claims().get_claim(request).await.unwrap().into_inner();
                vec![("claim.id", claim.id), ("claim.etag", claim.etag)]
            }
            "MarkReady" | "CancelClaim" | "HoldClaim" => one("id", self.draft().await),
            "ReleaseClaim" => one("id", flow::held(self.practice(), self.draft().await).await),
            "CreateReplacement" => one("claim_id", flow::accepted(self.practice(), &self.adapter).await),
            "CreateSecondary" => {
                let claim = flow::left_to_next(self.practice(), &self.adapter).await;
                vec![("claim_id", claim), ("coverage_id", String::new())]
            }
            "FileAppeal" => one("claim_id", flow::denied(self.practice(), &self.adapter).await),
            "CloseDenial" => one("id", flow::denied(self.practice(), &self.adapter).await),
            "WriteOffClaim" => one("claim_id", flow::denied(self.practice(), &self.adapter).await),
            "VoidClaim" => one("claim_id", flow::accepted(self.practice(), &self.adapter).await),
            "OverrideTimelyFiling" => one("claim_id", flow::late(self.practice()).await),
            "ApproveClaimAction" | "RejectClaimAction" => one("id", self.proposed().await),
            "MatchRemittanceClaim" => {
                vec![("id", self.unmatched().await), ("claim_id", self.transmitted().await)]
            }
            "UnmatchRemittanceClaim" => one("id", self.matched().await),
            "DismissRemittanceClaim" => one("id", self.unmatched().await),
            "SubmitClaim" => one("id", self.marked().await),
            "BatchSubmitClaims" => one("ids", self.marked().await),
            "CreateSubmissionBatch" => {
                self.submitted().await;
                one("trading_partner_id", "simulator".to_owned())
            }
            "GetSubmissionBatch" => {
                self.submitted().await;
                one("id", batch(&self.adapter).await.id)
            }
            "ConfirmTransmission" => {
                let (claim, submission) = self.submitted().await;
                vec![("submissions.claim_id", claim), ("submissions.submission_id", submission)]
            }
            "ReportTransmissionFailure" => {
                let (claim, submission) = self.submitted().await;
                vec![("submission.claim_id", claim), ("submission.submission_id", submission)]
            }
            "RevokeServiceGrant" | "SuspendServiceAccount" | "IssueToken" | "BindCertificate" => {
                one("service_account_id", self.account().await)
            }
            "ReactivateServiceAccount" => one("service_account_id", self.suspended().await),
            "UnbindCertificate" => one("service_account_id", self.bound().await),
            "RotateToken" | "RevokeToken" => one("token_id", self.issued().await),
            "CreatePractice" => one("practice.name", self.name("practice")),
            "CreateUser" | "InviteUser" => one("user.email", format!("{}@example.com", self.name("person"))),
            "DeactivateUser" | "ResetPassword" | "RevokeSessions" => one("id", self.person().await.id),
            "ReactivateUser" => one("id", self.deactivated().await),
            "ResetTotp" => one("id", self.with_totp().await.0.id),
            "UpdateMembership" => one("membership.user_id", self.person().await.id),
            "DeactivateMembership" => one("user_id", self.person().await.id),
            "CreateMembership" => one("email", self.person_of(&self.elsewhere.practice).await.email),
            "CloseBreakGlass" => one("id", self.opened().await),
            "ReviewBreakGlass" => one("id", self.closed().await),
            _ => Vec::new(),
        }
    }

    /// What people do with their own credentials: the session, and what they send.
    async fn themselves(&self, rpc: &str) -> Option<(String, Fields)> {
        let new = || ("password", "a password that is new".to_owned());
        Some(match rpc {
            "Logout" | "EnrollTotp" => (self.person().await.token, Vec::new()),
            "Login" => {
                let person = self.person().await;
                (person.token, vec![("password", password_of(&person.email)), ("email", person.email)])
            }
            "ChangePassword" => {
                let person = self.person().await;
                let old = ("old_password", password_of(&person.email));
                (person.token, vec![old, ("new_password", new().1)])
            }
            "SetPassword" => {
                let person = self.person().await;
                let request = tenancy::ResetPasswordRequest { id: person.id, ..Default::default() };
                let reset = self.practice().admin.users().reset_password(request).await.unwrap().into_inner();
                (person.token, vec![("one_time_token", reset.one_time_token), new()])
            }
            // of those who propose
            "WithdrawClaimAction" => {
                let [_, _, billing, _] = &self.practice().tokens;
                (billing.clone(), vec![("id", self.proposed().await)])
            }
            "ConfirmTotp" => {
                let person = self.person().await;
                let secret = enroll(&person).await;
                (person.token, vec![("code", code(&secret, 0))])
            }
            "DisableTotp" => {
                let (person, secret) = self.with_totp().await;
                // each code works once, and the next one counts already
                (person.token, vec![("code", code(&secret, 30))])
            }
            _ => return None,
        })
    }

    const fn practice(&self) -> &Practice {
        &self.world.practice
    }

    fn name(&self, what: &str) -> String {
        self.number.set(self.number.get() + 1);
        format!("{what}-{}", self.number.get())
    }

    async fn patient(&self) -> String {
        flow::patient(self.practice()).await
    }

    async fn uncovered(&self) -> String {
        let patient = Some(self.practice().marks().patient(&self.practice().therapist_id));
        let request = clinical::CreatePatientRequest { patient, request_id: request_id() };
        self.practice().admin.patients().create_patient(request).await.unwrap().into_inner().id
    }

    async fn therapist(&self) -> String {
        let therapist = Some(clinical::Therapist { npi: String::new(), ..therapist() });
        let request = clinical::CreateTherapistRequest { therapist, request_id: request_id() };
        self.practice().admin.therapists().create_therapist(request).await.unwrap().into_inner().id
    }

    async fn session(&self) -> String {
        flow::session(self.practice(), &self.patient().await).await
    }

    async fn draft(&self) -> String {
        flow::complete(self.practice(), &self.session().await).await
    }

    /// A session whose claim was cancelled.
    async fn unbilled(&self) -> String {
        let session = self.session().await;
        let id = flow::complete(self.practice(), &session).await;
        let request = claims::CancelClaimRequest { id, ..Default::default() };
        self.practice().billing.claims().cancel_claim(request).await.unwrap();
        session
    }

    async fn marked(&self) -> String {
        let request = claims::MarkReadyRequest { id: self.draft().await, ..Default::default() };
        self.practice().billing.claims().mark_ready(request).await.unwrap().into_inner().id
    }

    /// A claim and its submission.
    async fn submitted(&self) -> (String, String) {
        let id = self.marked().await;
        let request = claims::SubmitClaimRequest { id: id.clone(), ..Default::default() };
        self.practice().billing.claims().submit_claim(request).await.unwrap();
        let submission = submission_of(&self.practice().billing, &id).await;
        (id, submission)
    }

    async fn transmitted(&self) -> String {
        let (claim_id, submission_id) = self.submitted().await;
        let sent = claims::SubmissionRef { claim_id: claim_id.clone(), submission_id, ..Default::default() };
        let request = claims::ConfirmTransmissionRequest { submissions: vec![sent], ..Default::default() };
        self.adapter.clearinghouse().confirm_transmission(request).await.unwrap();
        claim_id
    }

    async fn proposed(&self) -> String {
        flow::proposed(self.practice(), &self.adapter).await
    }

    /// What a payment says of a claim that nobody knows.
    async fn unmatched(&self) -> String {
        flow::unmatched(self.practice(), &self.adapter, &self.name("EFT")).await.1
    }

    async fn matched(&self) -> String {
        let (id, claim_id) = (self.unmatched().await, self.transmitted().await);
        let request = claims::MatchRemittanceClaimRequest { id, claim_id, ..Default::default() };
        self.practice().billing.remittances().match_remittance_claim(request).await.unwrap().into_inner().id
    }

    async fn person(&self) -> Person {
        self.person_of(self.practice()).await
    }

    async fn person_of(&self, practice: &Practice) -> Person {
        let name = self.name("person");
        let token = self.server.hire(&practice.admin, &name, tenancy::Role::Billing, String::new()).await;
        let client = self.server.client(&token).await;
        let who = client.auth().who_am_i(tenancy::WhoAmIRequest {}).await.unwrap().into_inner();
        let Some(tenancy::who_am_i_response::Caller::User(user)) = who.caller else { panic!("a person") };
        Person { id: user.id, email: user.email, token, client }
    }

    async fn deactivated(&self) -> String {
        let request = tenancy::DeactivateUserRequest { id: self.person().await.id, ..Default::default() };
        self.practice().admin.users().deactivate_user(request).await.unwrap().into_inner().id
    }

    /// Somebody with an authenticator, which has shown its code of now.
    async fn with_totp(&self) -> (Person, String) {
        let person = self.person().await;
        let secret = enroll(&person).await;
        let request = tenancy::ConfirmTotpRequest { code: code(&secret, 0), ..Default::default() };
        person.client.auth().confirm_totp(request).await.unwrap();
        (person, secret)
    }

    async fn account(&self) -> String {
        let request = self.world.request("CreateServiceAccount");
        let request = tenancy::CreateServiceAccountRequest::decode(request.as_slice()).unwrap();
        self.practice().admin.auth().create_service_account(request).await.unwrap().into_inner().id
    }

    async fn suspended(&self) -> String {
        let request =
            tenancy::SuspendServiceAccountRequest { service_account_id: self.account().await, ..Default::default() };
        self.practice().admin.auth().suspend_service_account(request).await.unwrap().into_inner().id
    }

    /// An account that is bound to the certificate which the world's requests name.
    async fn bound(&self) -> String {
        let request =
            tenancy::BindCertificateRequest::decode(self.world.request("BindCertificate").as_slice()).unwrap();
        let request = tenancy::BindCertificateRequest { service_account_id: self.account().await, ..request };
        self.practice().admin.auth().bind_certificate(request).await.unwrap().into_inner().id
    }

    /// The public half of a token.
    async fn issued(&self) -> String {
        let request = tenancy::IssueTokenRequest { service_account_id: self.account().await, ..Default::default() };
        let issued = self.practice().admin.auth().issue_token(request).await.unwrap().into_inner();
        issued.token.expect("a token").id
    }

    async fn opened(&self) -> String {
        let colleague = self.server.client(&self.colleague).await.in_practice(&self.practice().id).unwrap();
        let request = self.world.request("OpenBreakGlass");
        let request = tenancy::OpenBreakGlassRequest::decode(request.as_slice()).unwrap();
        let request = tenancy::OpenBreakGlassRequest { patient_id: self.patient().await, ..request };
        colleague.break_glasses().open_break_glass(request).await.unwrap().into_inner().id
    }

    async fn closed(&self) -> String {
        let request = tenancy::CloseBreakGlassRequest { id: self.opened().await, ..Default::default() };
        self.practice().admin.break_glasses().close_break_glass(request).await.unwrap().into_inner().id
    }
}

/// The secret of a new authenticator.
async fn enroll(person: &Person) -> String {
    person.client.auth().enroll_totp(tenancy::EnrollTotpRequest {}).await.unwrap().into_inner().secret
}

/// What the authenticator shows in so many seconds.
fn code(secret: &str, seconds: i64) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build_noncompliant();
    totp.generate(u64::try_from(Clock::system().now().timestamp() + seconds).unwrap()).to_string()
}

/// A 999 that takes a file.
fn taken(batch: &claims::SubmissionBatch) -> String {
    let control = batch.control_number;
    format!(
        "ISA*00*          *00*          *ZZ*SIMCH01        *ZZ*TCLAIMS01      *261123*0110*^*00501*{control:09}*0*T*:~\
         GS*FA*SIMCH01*TCLAIMS01*20261123*0110*{control}*X*005010X231A1~ST*999*0001*005010X231A1~\
         AK1*HC*{control}*005010X222A1~AK2*837*0001*005010X222A1~IK5*A~AK9*A*1*1*1~SE*6*0001~GE*1*{control}~IEA*1*{control:09}~"
    )
}
