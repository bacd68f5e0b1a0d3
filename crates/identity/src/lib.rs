//! Verifies who is calling: JWTs, JWKS, the validation checklist.
