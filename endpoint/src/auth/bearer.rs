//! Reads the token of a request.
//!
//! Anything but exactly one token is rejected: a guess could be the token of another client.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Returns the token of `Authorization: Bearer …`; the case of the scheme does not matter.
///
/// Two such headers are rejected, because a proxy may have read the other one.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(AUTHORIZATION, value);
        }
        token(&headers).map(str::to_owned)
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for value in [
            "Bearer abc",
            "bearer abc",
            "BEARER abc",
            "bEaReR   abc",
            " Bearer abc ",
        ] {
            assert_eq!(read(&[value]).as_deref(), Some("abc"), "{value}");
        }
        let token = "eyJhbGci.eyJpc3Mi.a-b_c~d+e/f==";
        assert_eq!(read(&[&format!("Bearer {token}")]).as_deref(), Some(token));
    }

    #[test]
    fn anything_else_is_no_token() {
        for value in [
            "",
            " ",
            "abc",
            "Bearer",
            "Bearer ",
            "Bearer\tabc",
            "Bearerabc",
            "Bearer abc def",
            "Bearer abc,Bearer def",
            "Bearer ab\tc",
            "Bearer ab\u{e9}",
            "Basic YTpi",
            "Negotiate abc",
            "XBearer abc",
        ] {
            assert_eq!(read(&[value]), None, "{value}");
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["Bearer abc", "Bearer abc"]), None);
        assert_eq!(read(&["Bearer abc", "Basic YTpi"]), None);
    }
}
