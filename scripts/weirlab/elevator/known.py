# SPDX-License-Identifier: GPL-2.0
"""What weir-iosched needs of a kernel, and every form of that which it knows."""

from __future__ import annotations

from typing import Any

# What weir-iosched is compiled with and no header has, in an order that C takes.
PRIVATE = ['elv_merge', 'elv_fs_entry', 'blk_mq_debugfs_attr', 'elevator_mq_ops',
           'elevator_type', 'elevator_queue', 'blk_mq_ctx', 'blk_mq_alloc_data']
# The same for cgroup weights, which a kernel need not have: a policy with data for
# each cgroup, and the way from a bio to its cgroup.
GROUPS = ['blkg_iostat', 'blkg_iostat_set', 'blkcg_policy_data', 'blkcg_policy',
          'blkcg_gq', 'blkcg']
# Without these in the module there is no elevator, or the wrong one was read.
ALWAYS = ['elevator_mq_ops', 'elevator_type', 'elevator_queue']
# What it looks into and has headers for: a tree configured otherwise than the
# kernel that runs would show here.
PUBLIC = ['request', 'request_queue', 'blk_mq_hw_ctx', 'blk_mq_tags', 'bio',
          'sbitmap_queue', 'gendisk', 'blk_mq_tag_set', 'cgroup_subsys_state', 'cftype']

# What a kernel need not have, and the option that says so: without it, the elevator
# is built without, too. With it, the type or the function must be there.
IF_CONFIGURED = {
    'blk_mq_debugfs_attr': 'CONFIG_BLK_DEBUG_FS',
    'wbt_disable_default': 'CONFIG_BLK_WBT', 'wbt_enable_default': 'CONFIG_BLK_WBT',
}

# Functions of the private headers.
FUNCTIONS = [
    'elv_register', 'elv_unregister', 'elevator_alloc', 'elv_rb_add', 'elv_rb_del', 'elv_rb_find',
    'elv_rb_former_request', 'elv_rb_latter_request', 'elv_bio_merge_ok', 'elv_rqhash_add',
    'elv_rqhash_del', 'blk_bio_list_merge', 'blk_mq_sched_try_merge',
    'blk_mq_sched_try_insert_merge', 'blk_mq_sched_mark_restart_hctx', 'blk_mq_debugfs_rq_show',
    'blk_stat_enable_accounting', 'blk_stat_disable_accounting',
    'wbt_disable_default', 'wbt_enable_default',
]
# Only some kernels have them; their other forms are known.
OPTIONAL_FUNCTIONS = ['elevator_alloc', 'blk_mq_debugfs_rq_show']
GROUP_FUNCTIONS = ['blkcg_policy_register', 'blkcg_policy_unregister']

# Every form of every callback that include/compat/elevator.h knows, with the
# macro that tells one from the others. Any other form is a kernel too new (or
# patched): better no module than one that guesses.
Q, EQ, HCTX, RQ, BIO = ('struct request_queue *', 'struct elevator_queue *',
                        'struct blk_mq_hw_ctx *', 'struct request *', 'struct bio *')
CALLBACKS: dict[str, dict[str, Any]] = {
    'init_sched': {f'int({Q},struct elevator_type *)': None,
                   f'int({Q},{EQ})': 'WEIR_ELV_INIT_GETS_QUEUE'},
    'exit_sched': {f'void({EQ})': None},
    'init_hctx': {f'int({HCTX},unsigned int)': None},
    'exit_hctx': {f'void({HCTX},unsigned int)': None},
    'depth_updated': {f'void({HCTX})': None, f'void({Q})': 'WEIR_ELV_DEPTH_GETS_QUEUE'},
    'allow_merge': {f'bool({Q},{RQ},{BIO})': None},
    'bio_merge': {f'bool({Q},{BIO},unsigned int)': None},
    'request_merge': {f'int({Q},struct request * *,{BIO})': None},
    'request_merged': {f'void({Q},{RQ},enum elv_merge)': None},
    'requests_merged': {f'void({Q},{RQ},{RQ})': None},
    'limit_depth': {'void(blk_opf_t,struct blk_mq_alloc_data *)': None},
    'prepare_request': {f'void({RQ})': None},
    'finish_request': {f'void({RQ})': None},
    'insert_requests': {f'void({HCTX},struct list_head *,bool)': None,
                        f'void({HCTX},struct list_head *,blk_insert_t)':
                            'WEIR_ELV_INSERT_GETS_FLAGS'},
    'dispatch_request': {f'struct request *({HCTX})': None},
    'has_work': {f'bool({HCTX})': None},
    'completed_request': {f'void({RQ},u64)': None},
    'requeue_request': {f'void({RQ})': None},
    'former_request': {f'struct request *({Q},{RQ})': None},
    'next_request': {f'struct request *({Q},{RQ})': None},
}
OPTIONAL_CALLBACKS = {'alloc_sched_data': 'WEIR_ELV_SCHED_DATA'}

# The one form that include/compat/blkcg.h knows of what it calls and is called by.
GROUP_FORMS = {
    'cpd_alloc_fn': 'struct blkcg_policy_data *(gfp_t)',
    'cpd_free_fn': 'void(struct blkcg_policy_data *)',
    'blkcg_policy_register': 'int(struct blkcg_policy *)',
    'blkcg_policy_unregister': 'void(struct blkcg_policy *)',
}
# What it looks at, by structure.
GROUP_MEMBERS = {
    'blkcg_policy_data': ['blkcg'],
    'blkcg_policy': ['plid', 'dfl_cftypes'],
    'blkcg_gq': ['blkcg'],
    'blkcg': ['css', 'cpd'],
}
