//! Messages that carry a password or a token don't print it.
use std::fmt;

use crate::tenancy::v1::{
    ChangePasswordRequest, ConfirmTotpRequest, CreateUserRequest, DisableTotpRequest, EnrollTotpResponse,
    InviteUserResponse, IssueTokenResponse, LoginRequest, LoginResponse, ResetPasswordResponse, RotateTokenResponse,
    SetPasswordRequest, UpdateUserRequest,
};

macro_rules! prints_its_name_only {
    ($($message:ident),* $(,)?) => {$(
        impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($message)).finish_non_exhaustive()
            }
        }
    )*};
}

prints_its_name_only!(
    CreateUserRequest,
    UpdateUserRequest,
    LoginRequest,
    LoginResponse,
    IssueTokenResponse,
    RotateTokenResponse,
    SetPasswordRequest,
    ChangePasswordRequest,
    InviteUserResponse,
    ResetPasswordResponse,
    EnrollTotpResponse,
    ConfirmTotpRequest,
    DisableTotpRequest,
);
