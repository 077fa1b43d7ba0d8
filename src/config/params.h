/* SPDX-License-Identifier: GPL-2.0 */
/* What the module's parameters ask for. */
#ifndef WEIR_PARAMS_H
#define WEIR_PARAMS_H

struct weir_model_config;
struct weir_settings;

/* As they were given: in range, but unresolved. Constant once the module is loaded. */
const struct weir_settings *weir_params(void);

/* The media model they choose, checked. May sleep; constant likewise. */
const struct weir_model_config *weir_media_params(void);

/* Resolved: main.c does that on load, before there is any disk. Constant after. */
extern struct weir_settings weir_module_settings;

#endif
