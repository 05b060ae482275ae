"""Published vectors: Green Book, NIST, RFC 3394 and RFC 6979; what is derived by hand says so."""

from __future__ import annotations

import hashlib

import pytest

from meterstream.dlms.apdu.general_ciphering import AgreedKey, GeneralHeader, decode_general_ciphering
from meterstream.dlms.errors import AuthenticationError, ConfigurationError, DecipherError
from meterstream.dlms.security import (
    AlgorithmId,
    AsymmetricKeys,
    ContentCipher,
    KeyId,
    Level,
    PrivateKey,
    Proof,
    Protection,
    PublicKey,
    SecurityControl,
    SecurityKeys,
    SecurityPolicy,
    SecuritySuite,
    SuiteCipher,
    agreed_global_key,
    check_key_agreement_data,
    derive_key,
    key_agreement_data,
    make_cipher,
    unwrap_key,
    wrap_key,
)
from meterstream.dlms.security.agreement import check_ephemeral, one_pass_key, static_key

SUITE_1, SUITE_2 = SecuritySuite.SUITE_1, SecuritySuite.SUITE_2
EK = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AK = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
CLIENT = bytes.fromhex("4D4D4D0000BC614E")
SERVER = bytes.fromhex("4D4D4D0000000001")
GET_CLOCK = bytes.fromhex("C0010000080000010000FF0200")

# Green Book, example of ACCESS with general-ciphering, One-Pass Diffie-Hellman
CLIENT_SIGNING = "418073C239FA6125011DE4D6CD2E645780289F761BB21BFB0835CB5585E8B373"
SERVER_AGREEMENT = "AAD3FD0732E991CF52A74C66C1F2827DDC53522A2E0A169D7C4FFCC0FB5D6A4D"
CLIENT_EPHEMERAL = "47DAB03842E5B6E74828EF4F449B378D7DD1A5DAE1FFCA5AE0B0BE0AD18EC57E"
ONE_PASS_APDU = bytes.fromhex(
    "DD080102030405060708084D4D4D0000BC614E084D4D4D00000000010000010201018180C323C2BD45711DE4688637D919F92E9DB8FB2DFC21"
    "3A88D21C9DC8DCBA917D8170511DE1BADB360D50058F794B0960AE11FA28D392CFF907A62D13E3357B1DC0B51BE089D0B682863B2217201E73"
    "A1A9031968A9B4121DCBC3281A69739AF87429F5B3AC5471E7B6A04A2C0F2F8A25FD772A317DF97FC5463FEAC248EB8AB8BE81EB3100000000"
    "F435069679270C5BF4425EE5777402A6C8D51C620EED52DBB188378B836E2857D5C053E6DDF27FA87409AEF502CD9618AE47017C010224FD10"
    "9CC0BEB21E742D44AB40CD11908743EC90EC8C40E221D517F72228E1A26E827F43DC18ED27B5F458D66508B05A2A4CC6FED178C881AFC3BC67"
    "064689BE8BB41C80ABB3C114A31F4CB03B8B64C7E0B4CE77B2399C93347858888F92239713B38DF01C4858245827A92EF334172EA636B31CBB"
    "DF2A96AD5D035F66AA38F1A2D97D4BBA99622E6B5F18789CECB2DFB3937D9F3E17F8B472098E6563238F37528374809836002AEA6E7012D2AD"
    "FAA7"
)
ACCESS_REQUEST = bytes.fromhex(
    "D94000000000040100010000600100FF020100080000010000FF0202001400000D0000FF0702001400000D0000FF0804000001040203090100"
    "090CFFFFFFFFFFFFFF00000000000901FF0203090101090CFFFFFFFFFFFFFF00000000000901FF0203090102090CFFFFFFFFFFFFFF00000000"
    "000901FF0203090103090CFFFFFFFFFFFFFF00000000000901FF0104020809010011FF11FF11FF11FF11FF11FF11FF02080901011102110111"
    "011101110111011101020809010211FF11FF11FF11FF11FF11FF11FF02080901031101110211021102110211021102"
)
# Green Book, example of key agreement with the Ephemeral Unified Model
EPHEMERAL_CLIENT = bytes.fromhex(
    "2914D60E10AB705F62ED6CC349D7CB99B9AB3F3978E59278C7AF595B3AF98794"
    "1372DAB6D5AF1FA867E134167E6F23DE664A6693E05F43414611058D1B48F894"
)
EPHEMERAL_CLIENT_SIGNATURE = bytes.fromhex(
    "06F0607702AA0E2435A183E2F6B1ECD19629712E389A213610C03F77B2590860"
    "EA840AF5C3FA1F2BCDF055D4744E9A01CE9A0E55026BCAA4EEBEB764CED64BB3"
)
EPHEMERAL_SERVER = "34A8C23A34DBB519D09B245754C85A6CFE05D14A063EFA5AA41545AA8241EFAE"
EPHEMERAL_SECRET = bytes.fromhex("C1CF8FE7891AEF3617D7190795E61FE6C24EFC3CCA2E08469BAD1A225CE6EA08")


def private(octets: str, suite: SecuritySuite = SUITE_1) -> PrivateKey:
    return PrivateKey(suite, bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("protection", "content"),
    [
        (Protection.AUTHENTICATED, "1001234567 C0010000080000010000FF0200 06725D910F9221D263877516"),
        (Protection.ENCRYPTED, "2001234567 411312FF935A47566827C467BC"),
        (Protection.AUTHENTICATED_ENCRYPTED, "3001234567 411312FF935A47566827C467BC 7D825C3BE4A77C3FCC056B6B"),
    ],
)
def test_the_three_protections(protection: Protection, content: str) -> None:
    """Green Book, table of examples with glo-get-request."""
    cipher = ContentCipher(SecuritySuite.SUITE_0, EK, AK)
    sealed = cipher.seal(protection, CLIENT, 0x01234567, GET_CLOCK)
    assert sealed == bytes.fromhex(content)
    assert cipher.open(sealed, CLIENT) == (protection, 0x01234567, GET_CLOCK)
    if protection & Protection.AUTHENTICATED:
        for place in range(len(sealed)):
            with pytest.raises(DecipherError):
                cipher.open(sealed[:place] + bytes((sealed[place] ^ 1,)) + sealed[place + 1 :], CLIENT)
    for cut in range(5 if protection is Protection.ENCRYPTED else 17):
        with pytest.raises(DecipherError):
            cipher.open(sealed[:cut], CLIENT)


def test_the_suite_is_what_the_slow_cipher_has_in_common_with_the_fast_one() -> None:
    keys = SecurityKeys(EK, AK)
    fast, slow = make_cipher(keys), SuiteCipher(keys, Protection.AUTHENTICATED_ENCRYPTED)
    assert type(fast) is not type(slow)
    assert fast.seal(0xC8, CLIENT, 7, GET_CLOCK) == slow.seal(0xC8, CLIENT, 7, GET_CLOCK)
    assert slow.unseal(fast.seal(0xC8, CLIENT, 7, bytes(300)), CLIENT) == (7, bytes(300))
    challenge = bytes.fromhex("503677524A323146")
    for cipher in (fast, slow):
        token = cipher.token(SERVER, 1, challenge)
        assert token.hex() == "10000000011a52fe7dd3e72748973c1e28", "Green Book, f(StoC) of HLS 5"
        assert cipher.verify_token(token, SERVER, challenge) == 1
        for wrong in (token[:-1], token[:-1] + b"\0", b"\x11" + token[1:]):
            with pytest.raises(AuthenticationError):
                cipher.verify_token(wrong, SERVER, challenge)


@pytest.mark.parametrize(
    ("kek", "key", "wrapped"),
    [
        ("000102030405060708090A0B0C0D0E0F", "00112233445566778899AABBCCDDEEFF",
         "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"),
        ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", "00112233445566778899AABBCCDDEEFF",
         "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"),
        ("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
         "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
         "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"),
    ],
)  # fmt: skip
def test_key_wrap(kek: str, key: str, wrapped: str) -> None:
    """RFC 3394, 4.1, 4.3 and 4.6."""
    octets = bytes.fromhex(wrapped)
    assert wrap_key(bytes.fromhex(kek), bytes.fromhex(key)) == octets
    assert unwrap_key(bytes.fromhex(kek), octets) == bytes.fromhex(key)
    with pytest.raises(DecipherError):
        unwrap_key(bytes.fromhex(kek), octets[:-1] + b"\0")


@pytest.mark.parametrize(
    ("suite", "key", "signature"),
    [
        (SUITE_1, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
         ("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
         "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")),
        (SUITE_2, "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
         ("94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
         "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8")),
    ],
)  # fmt: skip
def test_signatures(suite: SecuritySuite, key: str, signature: str) -> None:
    """RFC 6979, A.2.5 and A.2.6, message "sample"."""
    signing = private(key, suite)
    assert signing.sign(b"sample") == bytes.fromhex(signature)
    assert signing.public.verifies(bytes.fromhex(signature), b"sample")
    assert not signing.public.verifies(bytes.fromhex(signature), b"Sample")
    assert not signing.public.verifies(bytes.fromhex(signature)[:-1], b"sample")
    assert not signing.public.verifies(bytes(len(signature) // 2), b"sample")


def test_shared_secret() -> None:
    """NIST CAVS, ECC CDH primitive, P-256, count 0."""
    peer = PublicKey(
        SUITE_1,
        bytes.fromhex(
            "700C48F77F56584C5CC632CA65640DB91B6BACCE3A4DF6B42CE7CC838833D287"
            "DB71E509E3FD9B060DDB20BA5C51DCC5948D46FBF640DFE0441782CAB85FA4AC"
        ),
    )
    own = private("7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534")
    assert own.shared_secret(peer).hex() == "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b"


def test_one_pass_key_of_the_green_book() -> None:
    """Public keys, Z, derived key, signature and ciphertext are those printed.

    The printed authentication tag is not: it does not follow the rule for the associated data of the same clause.
    """
    apdu = decode_general_ciphering(ONE_PASS_APDU)
    assert apdu.encode() == ONE_PASS_APDU
    assert apdu.header == GeneralHeader(bytes.fromhex("0102030405060708"), CLIENT, SERVER)
    info = apdu.key_info
    assert isinstance(info, AgreedKey)
    ephemeral = check_ephemeral(SUITE_1, info.data, private(CLIENT_SIGNING).public)
    assert ephemeral == private(CLIENT_EPHEMERAL).public
    server = private(SERVER_AGREEMENT)
    secret = server.shared_secret(ephemeral)
    assert secret.hex() == "0d4385ba0dd756cbcab9887eb538396ee8f090a14c1079b4359f115b977f4615"
    key = one_pass_key(server, ephemeral, CLIENT, SERVER)
    assert key.hex() == "59a71fd81c929a86a99438da17a66c05"
    assert key == one_pass_key(private(CLIENT_EPHEMERAL), server.public, CLIENT, SERVER)
    sealed = ContentCipher(SUITE_1, key, AK).seal(Protection.AUTHENTICATED_ENCRYPTED, CLIENT, 0, ACCESS_REQUEST)
    assert sealed[:-12] == apdu.content[:-12]


def test_derived_keys() -> None:
    """The server's key of the same example; OtherInfo and lengths of suite 2 by hand with SHA-384."""
    secret = bytes.fromhex("2B4302DC49790E2E78D990CFB52ED6E2F273DECE441A2D95E4301B93812A9FAC")
    key = derive_key(SUITE_1, secret, AlgorithmId.AES_GCM_128, SERVER, CLIENT)
    assert key.hex() == "f0184bda9466bfa4601a64a7ef46504a"
    other_info = bytes.fromhex("60857405080303") + SERVER + CLIENT
    by_hand = hashlib.sha384(b"\0\0\0\1" + bytes(48) + other_info).digest()[:32]
    assert derive_key(SUITE_2, bytes(48), AlgorithmId.AES_WRAP_256, SERVER, CLIENT) == by_hand
    with pytest.raises(ConfigurationError):
        derive_key(SecuritySuite.SUITE_0, secret, AlgorithmId.AES_GCM_128, SERVER, CLIENT)


def test_static_unified_model() -> None:
    """The transaction id with its length octet follows the title of party U; by hand with SHA-256."""
    client, server = private(CLIENT_SIGNING), private(SERVER_AGREEMENT)
    transaction = bytes.fromhex("0102030405060708")
    key = static_key(client, server.public, CLIENT, SERVER, transaction)
    assert key == static_key(server, client.public, CLIENT, SERVER, transaction)
    info = bytes.fromhex("60857405080300") + CLIENT + b"\x08" + transaction + SERVER
    assert key == hashlib.sha256(b"\0\0\0\1" + client.shared_secret(server.public) + info).digest()[:16]
    assert key != static_key(client, server.public, CLIENT, SERVER, transaction[:-1] + b"\x09")
    with pytest.raises(DecipherError):
        static_key(client, server.public, CLIENT, SERVER, b"")


def test_key_agreement_of_global_keys() -> None:
    """Green Book example: the client's signed ephemeral key and Z; then both sides, in both suites."""
    signer, data = private(CLIENT_SIGNING), EPHEMERAL_CLIENT + EPHEMERAL_CLIENT_SIGNATURE
    peer = check_key_agreement_data(SUITE_1, KeyId.GLOBAL_UNICAST_ENCRYPTION, data, signer.public)
    server = private(EPHEMERAL_SERVER)
    assert server.shared_secret(peer) == EPHEMERAL_SECRET
    key = agreed_global_key(KeyId.GLOBAL_UNICAST_ENCRYPTION, server, peer, CLIENT, SERVER)
    assert key == derive_key(SUITE_1, EPHEMERAL_SECRET, AlgorithmId.AES_GCM_128, CLIENT, SERVER)
    with pytest.raises(AuthenticationError):
        check_key_agreement_data(SUITE_1, KeyId.AUTHENTICATION, data, signer.public)
    with pytest.raises(DecipherError):
        check_key_agreement_data(SUITE_1, KeyId.GLOBAL_UNICAST_ENCRYPTION, data[:-1], signer.public)
    with pytest.raises(AuthenticationError):
        agreed_global_key(KeyId.GLOBAL_UNICAST_ENCRYPTION, server, server.public, CLIENT, SERVER)


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
@pytest.mark.parametrize("key_id", list(KeyId))
def test_both_sides_of_a_key_agreement(suite: SecuritySuite, key_id: KeyId) -> None:
    octets = PrivateKey.random_octets(suite)
    ours = PrivateKey.from_random(suite, b"\xff" * octets)
    theirs = PrivateKey.from_random(suite, bytes(octets))
    signing = PrivateKey(suite, bytes(range(1, 1 + suite.coordinate_octets)))
    sent = key_agreement_data(key_id, ours.public, signing)
    assert len(sent) == 4 * suite.coordinate_octets
    assert check_key_agreement_data(suite, key_id, sent, signing.public) == ours.public
    key = agreed_global_key(key_id, ours, theirs.public, CLIENT, SERVER)
    assert key == agreed_global_key(key_id, theirs, ours.public, CLIENT, SERVER)
    assert len(key) == suite.key_octets
    wraps = key_id is KeyId.MASTER
    assert (key == agreed_global_key(KeyId.AUTHENTICATION, ours, theirs.public, CLIENT, SERVER)) is not wraps


def test_digests_of_hls() -> None:
    """The formulas by hand, from both ends."""
    stoc, ctos, secret = b"P6wRJ21F", b"K56iVagY", b"00000001"
    expected = {
        Level.HLS3_MD5: (hashlib.md5(stoc + secret).digest(), hashlib.md5(ctos + secret).digest()),
        Level.HLS4_SHA1: (hashlib.sha1(stoc + secret).digest(), hashlib.sha1(ctos + secret).digest()),
        Level.HLS6_SHA256: (
            hashlib.sha256(secret + CLIENT + SERVER + stoc + ctos).digest(),
            hashlib.sha256(secret + SERVER + CLIENT + ctos + stoc).digest(),
        ),
    }
    for level, (of_client, of_server) in expected.items():
        proof = Proof(level, secret)
        assert proof.make(stoc, ctos, CLIENT, SERVER) == of_client
        assert proof.make(ctos, stoc, SERVER, CLIENT) == of_server
        proof.check(of_server, ctos, stoc, CLIENT, SERVER)
        proof.check(of_client, stoc, ctos, SERVER, CLIENT)
        for wrong in (of_client, of_server[:-1], b"", of_server + b"\0"):
            with pytest.raises(AuthenticationError):
                proof.check(wrong, ctos, stoc, CLIENT, SERVER)
        assert "00000001" not in repr(proof)


def test_signatures_of_hls() -> None:
    client, server = private(CLIENT_SIGNING), private(SERVER_AGREEMENT)
    ours = Proof(Level.HLS7_ECDSA, asymmetric=AsymmetricKeys(client, server.public))
    theirs = Proof(Level.HLS7_ECDSA, asymmetric=AsymmetricKeys(server, client.public))
    stoc, ctos = bytes(32), b"\x01" * 32
    token = ours.make(stoc, ctos, CLIENT, SERVER)
    assert client.public.verifies(token, CLIENT + SERVER + stoc + ctos)
    theirs.check(token, stoc, ctos, SERVER, CLIENT)
    with pytest.raises(AuthenticationError):
        ours.check(token, ctos, stoc, CLIENT, SERVER)


def test_security_control() -> None:
    assert SecurityControl(SUITE_2, Protection.AUTHENTICATED, broadcast=True).octet() == 0x52
    assert SecurityControl.parse(0x71) == (SUITE_1, Protection.AUTHENTICATED_ENCRYPTED, True)
    for octet in (0xB0, 0x33, 0x3F):
        with pytest.raises(DecipherError):
            SecurityControl.parse(octet)
    with pytest.raises(DecipherError, match="without any protection"):
        ContentCipher(SecuritySuite.SUITE_0, EK, AK).open(bytes(20), CLIENT)


def test_policies() -> None:
    policy = SecurityPolicy.AUTHENTICATED_REQUEST | SecurityPolicy.ENCRYPTED_RESPONSE | SecurityPolicy.SIGNED_RESPONSE
    assert int(policy) == 0xC4
    assert policy.request == Protection.AUTHENTICATED
    assert policy.response == Protection.ENCRYPTED | Protection.SIGNED
    assert not SecurityPolicy.SIGNED.ciphers
    assert [int(SecurityPolicy.of_version_0(value)) for value in range(4)] == [0, 0x24, 0x48, 0x6C]
    for value in (-1, 4):
        with pytest.raises(ConfigurationError):
            SecurityPolicy.of_version_0(value)


def test_keys_of_a_wrong_kind() -> None:
    own = private(CLIENT_SIGNING)
    for octets in (bytes(64), bytes(63), b"\x01" * 64):
        with pytest.raises(ConfigurationError):
            PublicKey(SUITE_1, octets)
    for octets in (bytes(32), b"\xff" * 32, bytes(31)):
        with pytest.raises(ConfigurationError):
            PrivateKey(SUITE_1, octets)
    with pytest.raises(ConfigurationError):
        PrivateKey(SecuritySuite.SUITE_0, bytes(32))
    with pytest.raises(ConfigurationError):
        AsymmetricKeys()
    with pytest.raises(ConfigurationError, match="same signature key"):
        AsymmetricKeys(own, own.public)
    with pytest.raises(ConfigurationError):
        AsymmetricKeys(own, PrivateKey(SUITE_2, bytes(47) + b"\1").public)
    with pytest.raises(DecipherError):
        own.shared_secret(PrivateKey(SUITE_2, bytes(47) + b"\1").public)
    with pytest.raises(ConfigurationError):
        SecurityKeys(EK, AK, SUITE_2)
    with pytest.raises(ConfigurationError, match="broadcast key"):
        SecurityKeys(EK, AK, SUITE_1, bytes(15))


def test_reprs_show_no_key() -> None:
    secret = private(CLIENT_SIGNING)
    for shown in (
        repr(SecurityKeys(EK, AK, SUITE_1, EK, EK)),
        repr(secret),
        repr(AsymmetricKeys(secret)),
        repr(Proof(Level.HLS6_SHA256, b"a secret")),
    ):
        assert "418073" not in shown.upper()
        assert "00010203" not in shown
        assert "a secret" not in shown
