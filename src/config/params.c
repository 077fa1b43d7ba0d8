// SPDX-License-Identifier: GPL-2.0
/* The module parameters: the table of config.h, once more. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/stringify.h>
#include <linux/string.h>

#include "config.h"
#include "model_config.h"
#include "params.h"

struct weir_settings weir_module_settings; /* see params.h */

#define NONE(...)
#define NUMBER_DEFAULT(name, def, ...) .name = def,
static struct weir_settings params = {
	WEIR_SETTINGS(NUMBER_DEFAULT, NONE, NUMBER_DEFAULT, NUMBER_DEFAULT, NUMBER_DEFAULT)
};

static int param_set(const char *text, const struct kernel_param *kp)
{
	const struct weir_number *n = kp->arg;

	if (!text)
		text = "1"; /* the bare name of a switch */
	return weir_number_parse(n, text, strlen(text), weir_number_in(n, &params));
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lld\n", *weir_number_in(kp->arg, &params));
}

static const struct kernel_param_ops number_ops = {
	.set = param_set,
	.get = param_get,
};

static const struct kernel_param_ops switch_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = param_set,
	.get = param_get,
};

#define PARAM(name, ops, type, range, desc)				\
	module_param_cb(name, &(ops), (void *)&weir_number_##name, 0444);	\
	__MODULE_PARM_TYPE(name, type);					\
	MODULE_PARM_DESC(name, desc " (" range ")");

#define NUMBER(name, def, lo, hi, desc)					\
	PARAM(name, number_ops, "long",					\
	      __stringify(lo) " to " __stringify(hi) "; default "	\
	      __stringify(def), desc)

#define SWITCH(name, def, desc)						\
	PARAM(name, switch_ops, "bool",					\
	      "0 or 1; default " __stringify(def), desc)

WEIR_SETTINGS(NUMBER, NONE, NUMBER, NUMBER, SWITCH)

/* Of the media model, what chooses one; its numbers are in configfs. */

static struct weir_model_config media;

/*
 * Parameters are set before anything of the module runs, but may be read then;
 * whoever comes first makes it. Caller holds the lock of the parameters.
 */
static struct weir_model_config *media_config(void)
{
	if (!media.profile)
		weir_model_config_init(&media);
	return &media;
}

static int profile_set(const char *text, const struct kernel_param *kp)
{
	return weir_model_set_profile(media_config(), text, strlen(text));
}

static int profile_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", media_config()->profile->name);
}

static const struct kernel_param_ops profile_ops = {
	.set = profile_set,
	.get = profile_get,
};

static int media_number_set(const char *text, const struct kernel_param *kp)
{
	return weir_model_set_number(media_config(), (unsigned long)kp->arg, text, strlen(text));
}

static int media_number_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%lld\n",
			  *weir_model_number(&media_config()->model,
					     &weir_model_numbers[(unsigned long)kp->arg]));
}

static const struct kernel_param_ops media_number_ops = {
	.set = media_number_set,
	.get = media_number_get,
};

#define MEDIA(name, ops, arg, type)					\
	module_param_cb(name, &(ops), arg, 0444);			\
	__MODULE_PARM_TYPE(name, type)

MEDIA(profile, profile_ops, NULL, "charp");
MODULE_PARM_DESC(profile,
		 "Media model: none, hdd, sata-ssd, nvme-tlc, nvme-qlc, nvme-nodram, nvme-cheap, nvme-dc, optane or cloud; default none");
MEDIA(seed, media_number_ops, (void *)WEIR_MODEL_seed, "long");
MODULE_PARM_DESC(seed,
		 "Seed of the media model's random numbers (0 to 2^63 - 1; default 0)");
MEDIA(speed, media_number_ops, (void *)WEIR_MODEL_speed, "long");
MODULE_PARM_DESC(speed,
		 "The media model's times are this many times longer (1 to 10000; default 1)");

const struct weir_model_config *weir_media_params(void)
{
	kernel_param_lock(THIS_MODULE);
	media_config();
	kernel_param_unlock(THIS_MODULE);
	return &media;
}

const struct weir_settings *weir_params(void)
{
	return &params;
}
