"""Price tables: what each of them says about a model, and which of them is believed.

Names as spans report them come in, rate cards go out (`offers`): the operator's own rows (`own`)
beat the corrections we ship (`corrections`), and those the installed catalogue (`catalogue`,
`listed`). Knows no usage and multiplies nothing: that is `price`. Reads no clock and no settings.
"""
