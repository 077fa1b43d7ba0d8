// SPDX-License-Identifier: GPL-2.0
/* From text to a media model, with every check on the way. */
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "media/complaint.h"

#include "config.h"
#include "model_config.h"

void weir_model_config_init(struct weir_model_config *c)
{
	c->profile = &weir_profiles[0];
	c->model = c->profile->model;
}

int weir_model_set_profile(struct weir_model_config *c, const char *text, size_t len)
{
	const struct weir_profile *profile = NULL;
	const s64 seed = c->model.seed, speed = c->model.speed;
	char name[16];

	if (len < sizeof(name) && !memchr(text, '\0', len)) {
		memcpy(name, text, len);
		name[len] = '\0';
		profile = weir_profile_find(name);
	}
	if (!profile) {
		pr_err("profile=%*pE: not one of %s\n", (int)min_t(size_t, len, 64),
		       text, weir_profile_names);
		return -EINVAL;
	}
	c->profile = profile;
	c->model = profile->model;
	c->model.seed = seed;
	c->model.speed = speed;
	return 0;
}

/* What was read is in range, or a distribution; is it a device, too? */
static int take(struct weir_model_config *c, const struct weir_model *model)
{
	struct weir_complaint why;

	if (!weir_model_check(model, &why)) {
		pr_err("%s=%lld: not %s\n", why.name, why.value, why.want);
		return -EINVAL;
	}
	c->model = *model;
	return 0;
}

/* The profile none has no numbers but these two, which others will use. */
static bool is_there(const struct weir_model_config *c, const char *name, bool general)
{
	if (c->model.kind != WEIR_KIND_NONE || general)
		return true;
	pr_err("%s: profile is none, which has no numbers; it may be one of %s\n",
	       name, weir_profile_names);
	return false;
}

int weir_model_set_number(struct weir_model_config *c, enum weir_model_index index,
			  const char *text, size_t len)
{
	const struct weir_model_number *n = &weir_model_numbers[index];
	const struct weir_number number = { .name = n->name, .lo = n->lo, .hi = n->hi };
	struct weir_model *model;
	s64 value;
	int err;

	err = weir_number_parse(&number, text, len, &value);
	if (err)
		return err;
	if (!is_there(c, n->name, index == WEIR_MODEL_seed || index == WEIR_MODEL_speed))
		return -EINVAL;
	model = kmemdup(&c->model, sizeof(*model), GFP_KERNEL);
	if (!model)
		return -ENOMEM;
	*weir_model_number(model, n) = value;
	err = take(c, model);
	kfree(model);
	return err;
}

static int parse_dist(struct weir_dist *d, const char *name, const char *text, size_t len)
{
	struct weir_complaint why;
	char *copy;
	bool good;

	if (memchr(text, '\0', len)) {
		pr_err("%s=%*pE: not text\n", name, (int)min_t(size_t, len, 64), text);
		return -EINVAL;
	}
	copy = kmemdup_nul(text, len, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	good = weir_dist_parse(copy, d, &why);
	kfree(copy);
	if (!good) {
		pr_err("%s=%*pE: %s %lld: not %s\n", name,
		       (int)min_t(size_t, len, 64), text, why.name, why.value, why.want);
		return -EINVAL;
	}
	return 0;
}

int weir_model_set_dist(struct weir_model_config *c, const char *name,
			enum weir_media_op op, const char *text, size_t len)
{
	struct weir_model *model;
	int err;

	model = kmemdup(&c->model, sizeof(*model), GFP_KERNEL);
	if (!model)
		return -ENOMEM;
	err = parse_dist(&model->dist[op], name, text, len);
	if (!err)
		err = is_there(c, name, false) ? take(c, model) : -EINVAL;
	kfree(model);
	return err;
}
