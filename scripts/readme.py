"""Write the table of what each CRM gives back into both READMEs, from the adapters' own data.

python scripts/readme.py [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

from crm_bridge.domain.capabilities import Route
from crm_bridge.i18n import in_language
from crm_bridge.registry import adapter_names, load_adapter

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- returns: begin -->", "<!-- returns: end -->"
THINGS = {
    "id": "编号（id）",
    "number": "合同编号",
    "fields": "字段值",
    "owner": "负责人",
    "created": "创建时间与创建人",
    "details": "明细",
    "notes": "备注",
    "attachments": "附件",
    "inbound_links": "其他记录对它的引用",
    "approval_history": "审批历史",
    "followers": "关注者与团队",
}
ROUTES = {
    "en": {Route.UNTRASH: "from the bin", Route.RECREATE: "from the backup"},
    "zh": {Route.UNTRASH: "从回收站", Route.RECREATE: "从备份重建"},
}


def table(language: str) -> str:
    """Return the table in one language."""
    specs = [load_adapter(name) for name in adapter_names()]
    columns = [(spec, route) for spec in specs for route in Route]
    heads = [f"{spec.title}, {ROUTES[language][route]}" for spec, route in columns]
    rows = [f"| | {' | '.join(heads)} |", f"| --- |{' --- |' * len(columns)}"]
    for thing, chinese in THINGS.items():
        cells = [_cell(spec.capabilities.returns[route].get(thing), language) for spec, route in columns]
        rows.append(f"| {chinese if language == 'zh' else thing.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(said: tuple[object, str] | None, language: str) -> str:
    if said is None:
        return ""
    fate, note = said
    words = {"same": "相同", "changed": "有变化", "lost": "丢失", "unknown": "未知"}
    word = words[str(fate)] if language == "zh" else str(fate)
    text = in_language(language, note) if note else ""
    return f"**{word}**{': ' if text and language == 'en' else '：' if text else ''}{text}"


def filled(text: str, language: str) -> str:
    """Return a README with its table replaced."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table(language)}\n{END}{rest.split(END)[1]}"


def main(arguments: list[str]) -> int:
    """Write or check; return the exit code."""
    stale = []
    for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        new = filled(text, language)
        if new != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    print("changed:", ", ".join(stale) or "nothing")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
