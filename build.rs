//! Compiles `proto/` into the stubs without a system protoc, and refuses RPCs that don't declare permission and PHI.
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor, MethodDescriptor};

/// Messages that carry a password or a token: `proto/secret.rs` prints their names only.
const SECRETS: [&str; 13] = [
    ".therapy.tenancy.v1.CreateUserRequest",
    ".therapy.tenancy.v1.UpdateUserRequest",
    ".therapy.tenancy.v1.LoginRequest",
    ".therapy.tenancy.v1.LoginResponse",
    ".therapy.tenancy.v1.IssueTokenResponse",
    ".therapy.tenancy.v1.RotateTokenResponse",
    ".therapy.tenancy.v1.SetPasswordRequest",
    ".therapy.tenancy.v1.ChangePasswordRequest",
    ".therapy.tenancy.v1.InviteUserResponse",
    ".therapy.tenancy.v1.ResetPasswordResponse",
    ".therapy.tenancy.v1.EnrollTotpResponse",
    ".therapy.tenancy.v1.ConfirmTotpRequest",
    ".therapy.tenancy.v1.DisableTotpRequest",
];

#[expect(clippy::disallowed_methods, reason = "cargo speaks to a build script through the environment")]
fn main() -> Result<(), Box<dyn Error>> {
    // paths are relative to the package, where cargo runs this
    let root = Path::new("proto");
    println!("cargo::rerun-if-changed=proto/therapy");
    println!("cargo::rerun-if-changed=proto/google");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);

    let mut files = Vec::new();
    collect(&root.join("therapy"), &mut files)?;
    files.sort(); // the same descriptor bytes on every machine

    // for reflection: without comments, but with the options, which prost's own types would drop
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(false).open_files(&files)?;
    fs::write(out.join("descriptor.bin"), compiler.encode_file_descriptor_set())?;

    let methods = methods(&compiler.descriptor_pool())?;
    fs::write(out.join("methods.rs"), methods)?;

    // for the stubs: with comments, which become documentation
    let commented = protox::Compiler::new([root])?
        .include_imports(true)
        .include_source_info(true)
        .open_files(&files)?
        .file_descriptor_set();
    tonic_prost_build::configure()
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"server\")]")
        .skip_debug(SECRETS)
        .compile_fds(commented)?;
    Ok(())
}

/// Collects the `.proto` files below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// Writes what each RPC declares as the Rust expression of `METHODS`, or tells every RPC that declares too little.
fn methods(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let options = Options::find(pool)?;
    // by path, so that they can be found by bisection
    let (mut rows, mut refused) = (BTreeMap::new(), 0);
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        match options.declared(&method) {
            Ok(declared) => {
                let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
                let row = format!(
                    "permission: \"{}\", phi: Phi::{}, mutates: {}, request_id: {:?}, client_streaming: {}, server_streaming: {}",
                    declared.permission,
                    declared.phi,
                    declared.mutates,
                    declared.request_id,
                    method.is_client_streaming(),
                    method.is_server_streaming(),
                );
                rows.insert(path, row);
            }
            Err(problem) => {
                println!("cargo::error={}: {problem}", method.full_name());
                refused += 1;
            }
        }
    }
    if refused > 0 {
        return Err(format!("{refused} RPCs declare too little, see proto/therapy/options/v1/options.proto").into());
    }
    let rows: String = rows.iter().map(|(path, row)| format!("Method {{ path: \"{path}\", {row} }},\n")).collect();
    Ok(format!("&[\n{rows}]"))
}

/// The method options of `options.proto`.
struct Options {
    permission: ExtensionDescriptor,
    phi: ExtensionDescriptor,
    mutates: ExtensionDescriptor,
}

/// What an RPC declares.
struct Declared {
    permission: String,
    phi: &'static str,
    mutates: bool,
    /// Number of the request's field `request_id`.
    request_id: Option<u32>,
}

impl Options {
    fn find(pool: &DescriptorPool) -> Result<Self, String> {
        let find = |name: &str| {
            pool.get_extension_by_name(&format!("therapy.options.v1.{name}"))
                .ok_or_else(|| format!("options.proto defines no {name}"))
        };
        Ok(Self { permission: find("permission")?, phi: find("phi")?, mutates: find("mutates")? })
    }

    fn declared(&self, method: &MethodDescriptor) -> Result<Declared, &'static str> {
        let options: DynamicMessage = method.options();
        let permission = options.get_extension(&self.permission);
        let permission = permission
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or("declares no (therapy.options.v1.permission)")?
            .to_owned();
        // the table goes into Rust source
        if !permission.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_' | b'.')) {
            return Err("has a (therapy.options.v1.permission) that is not made of a-z, _ and .");
        }
        let phi = match options.get_extension(&self.phi).as_enum_number() {
            Some(1) => "None",
            Some(2) => "Read",
            Some(3) => "Write",
            Some(_) | None => return Err("declares no (therapy.options.v1.phi), or an unspecified one"),
        };
        let mutates = options.get_extension(&self.mutates).as_bool() == Some(true);
        let request_id = method.input().get_field_by_name("request_id").map(|field| field.number());
        if method.is_client_streaming() && request_id.is_some() {
            return Err("streams from the client: each message needs a key of its own, not a request_id");
        }
        if !method.is_client_streaming() && mutates != request_id.is_some() {
            return Err("must declare (therapy.options.v1.mutates) exactly when its request has a request_id");
        }
        Ok(Declared { permission, phi, mutates, request_id })
    }
}
