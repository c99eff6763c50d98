"""The look of the screens as Streamlit settings, light and dark. Fonts are Streamlit's own."""

from typing import Any

SHARED: dict[str, Any] = {
    "baseFontSize": 15,
    "baseRadius": "small",
    "buttonRadius": "small",
    "headingFontSizes": ["1.4rem", "1.15rem", "1rem", "0.95rem", "0.9rem", "0.875rem"],
    "headingFontWeights": [600, 600, 600, 600, 600, 600],
    "codeFontSize": "0.8125rem",
    "showSidebarBorder": True,
}

# Okabe and Ito's colours, which the colour-blind tell apart, in an order that keeps neighbours apart
SERIES_LIGHT = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c"]
SERIES_DARK = ["#56b4e9", "#e69f00", "#1fbf93", "#d98cbf", "#4a86c7", "#e8743b", "#a0a0a0"]

# what stands along an axis; Streamlit's own grey has a contrast of 3.7 on white, where 4.5 is AA
AXIS_LIGHT = "#565c63"
AXIS_DARK = "#b4b9bf"

LIGHT: dict[str, Any] = {
    "primaryColor": "#0b6e8f",
    "backgroundColor": "#ffffff",
    "secondaryBackgroundColor": "#f5f6f4",
    "textColor": "#1d2329",
    "borderColor": "#d9dcd8",
    "chartCategoricalColors": SERIES_LIGHT,
}

DARK: dict[str, Any] = {
    "primaryColor": "#4db6d6",
    "backgroundColor": "#14181c",
    "secondaryBackgroundColor": "#1b2026",
    "textColor": "#e4e7ea",
    "borderColor": "#313840",
    "chartCategoricalColors": SERIES_DARK,
}

THEME: dict[str, Any] = {
    **{f"theme.{name}": value for name, value in SHARED.items()},
    **{f"theme.light.{name}": value for name, value in LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in DARK.items()},
}
"""Every theme option by its full name."""
