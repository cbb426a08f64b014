"""Secrets: where they come from, how they are held, how tokens made from them are shared."""

from crm_bridge.credentials.binding import Identity
from crm_bridge.credentials.key_file import LoopbackKeyFile
from crm_bridge.credentials.keyring_store import KeyringStore, open_keyring
from crm_bridge.credentials.keys import GivenKeys, StoredKeys
from crm_bridge.credentials.process import protect_process
from crm_bridge.credentials.secret import Secret
from crm_bridge.credentials.secrets_dir import SecretsDir
from crm_bridge.credentials.sources import (
    CommandSecrets,
    EnvironmentSecrets,
    SecretsFd,
    SecretsFile,
    SecretSource,
)
from crm_bridge.credentials.token_cache import AccessToken, TokenCache, forget_token

__all__ = [
    "AccessToken",
    "CommandSecrets",
    "EnvironmentSecrets",
    "GivenKeys",
    "Identity",
    "KeyringStore",
    "LoopbackKeyFile",
    "Secret",
    "SecretSource",
    "SecretsDir",
    "SecretsFd",
    "SecretsFile",
    "StoredKeys",
    "TokenCache",
    "forget_token",
    "open_keyring",
    "protect_process",
]
