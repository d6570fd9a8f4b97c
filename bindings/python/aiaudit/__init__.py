# SPDX-License-Identifier: MIT
"""An audit log of AI API calls: exact cost, budgets, reports, verification.

    import aiaudit

    with aiaudit.Ledger("calls.aiaudit") as ledger:
        ledger.record(request, response, provider="openai", path="/v1/chat/completions", status=200, user="ana")
        for row in ledger.report("users"):
            print(row["user"], row["cost_usd"])

Money is decimal.Decimal, exact, and never float. A Ledger may be used by any number of threads; after fork() a child
opens its own.
"""
from ._ledger import Admission, Error, Ledger, Refusal, Unsound, version

__all__ = ["Admission", "Error", "Ledger", "Refusal", "Unsound", "version"]
__version__ = version()
