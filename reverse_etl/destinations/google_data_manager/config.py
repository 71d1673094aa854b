"""What Google's Data Manager can do, and what an account and a sync say of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from reverse_etl.destinations.connector import CapabilitySheet, Options
from reverse_etl.engine.ports import Limit

BASE_URL = "https://datamanager.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/datamanager"

CAPABILITIES = CapabilitySheet(
    modes=frozenset({"mirror", "upsert", "add_only"}),
    max_rows=10_000,
    max_bytes=10_000_000,
    limits=(Limit(300, seconds=60), Limit(100_000, seconds=86_400)),
    acknowledges="row",
    idempotency="natural",
)

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
AccountType = Literal[
    "GOOGLE_ADS", "DISPLAY_VIDEO_PARTNER", "DISPLAY_VIDEO_ADVERTISER", "DATA_PARTNER", "GOOGLE_AD_MANAGER_AUDIENCE_LINK"
]
Consent = Literal["granted", "denied"]


class GoogleAccount(Options):
    """The account that owns the lists, and the one that the credential is a user of, where that is another.

    `customer_match_terms` is what the account's owner has done with Google's terms; nothing is sent without it.
    """

    operating_account: AccountId
    operating_account_type: AccountType = "GOOGLE_ADS"
    login_account: AccountId | None = None
    login_account_type: AccountType = "GOOGLE_ADS"
    customer_match_terms: Literal["accepted"]
    version: Literal["v1"] = "v1"

    def destination(self, user_list: str) -> dict[str, Any]:
        """One list, as a request names it."""
        operating = {"accountType": self.operating_account_type, "accountId": self.operating_account}
        login = {"accountType": self.login_account_type, "accountId": self.login_account}
        return {
            "operatingAccount": operating,
            **({"loginAccount": login} if self.login_account else {}),
            "productDestinationId": user_list,
        }


class GoogleList(Options):
    """What the people of a list have agreed to; the audience lets nobody in who has not."""

    ad_user_data: Consent = "granted"
    ad_personalization: Consent = "granted"

    def consent(self) -> dict[str, str]:
        return {
            "adUserData": f"CONSENT_{self.ad_user_data.upper()}",
            "adPersonalization": f"CONSENT_{self.ad_personalization.upper()}",
        }
